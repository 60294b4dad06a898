/** Until when a request may take, its body included: set by the service, and earlier if the client asks for it. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { ServiceError } from '../errors.ts'
import { requestSignal } from '../request-signal.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Aborted at the request's deadline, or when its client is gone. */
    deadline: AbortSignal
  }
}

/** For the routes of a scope. A body that has not arrived by then is answered `request_timeout`. */
export function registerRequestDeadline (scope: FastifyInstance, { requestTimeoutMs }: Config): void {
  scope.decorateRequest('deadline', null as unknown as AbortSignal)
  scope.addHook('preParsing', async (request, reply, payload) => {
    const timeoutMs = timeoutOf(request, requestTimeoutMs)
    const signal = requestSignal(reply, timeoutMs)
    request.deadline = signal
    signal.addEventListener('abort', () => {
      const { code } = signal.reason as ServiceError
      if (code !== 'deadline_exceeded' || request.raw.complete) return
      payload.destroy(new ServiceError('request_timeout', `Expected the whole request within ${timeoutMs} ms, but it did not arrive.`))
    }, { once: true })
  })
}

/** A client may ask for an earlier deadline than the service's, never for a later one. */
function timeoutOf ({ headers }: FastifyRequest, requestTimeoutMs: number): number {
  const asked = headers['x-request-timeout-ms']
  if (asked === undefined) return requestTimeoutMs
  if (typeof asked === 'string' && /^[1-9]\d{0,8}$/.test(asked)) return Math.min(Number(asked), requestTimeoutMs)
  throw new ServiceError('invalid_request', `Expected x-request-timeout-ms to be a whole number of milliseconds, got ${JSON.stringify(asked).slice(0, 100)}.`)
}
