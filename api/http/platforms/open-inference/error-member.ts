/** Repeats the message of a problem under `error`, where clients of the Open Inference Protocol look for it. */
import type { preSerializationAsyncHookHandler } from 'fastify'
import type { Problem } from '../../schemas/problem.ts'

export const addErrorMember: preSerializationAsyncHookHandler = async (_request, reply, payload) =>
  reply.statusCode < 400 ? payload : { ...payload as Problem, error: (payload as Problem).detail }
