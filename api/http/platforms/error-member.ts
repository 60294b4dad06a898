/** The Open Inference Protocol has its message under `error`, so clients of it look there: problems say it once more. */
import type { preSerializationAsyncHookHandler } from 'fastify'
import type { Problem } from '../schemas/problem.ts'

export const sayError: preSerializationAsyncHookHandler = async (_request, reply, payload) =>
  reply.statusCode < 400 ? payload : { ...payload as Problem, error: (payload as Problem).detail }
