/** Until when a request may take, its body included: set by the service, and earlier if the client asks for it. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import { ServiceError } from '../../errors.ts'
import { requestSignal } from '../request-signal.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Aborted at the request's deadline, when its client is gone, or when what follows it on the connection is no HTTP. */
    deadline: AbortSignal
  }
}

/** For the routes of a scope whose requests have a `bodyReader`. A body that has not arrived by then is answered `request_timeout`. */
export function registerRequestDeadline (scope: FastifyInstance, { requestTimeoutMs }: Config): void {
  scope.decorateRequest('deadline', null as unknown as AbortSignal)
  scope.addHook('preParsing', async (request, reply) => {
    const timeoutMs = timeoutOf(request, requestTimeoutMs)
    const signal = requestSignal(request.raw, reply, timeoutMs)
    request.deadline = signal
    const endReading = (): void => {
      const reason = signal.reason as ServiceError
      if (reason.code !== 'deadline_exceeded') request.bodyReader.fail(reason)
      else if (!request.raw.complete) request.bodyReader.fail(notArrived(timeoutMs))
    }
    if (signal.aborted) endReading()
    else signal.addEventListener('abort', endReading, { once: true })
  })
}

function notArrived (timeoutMs: number): ServiceError {
  return new ServiceError('request_timeout', `Expected the whole request within ${timeoutMs} ms, but it did not arrive.`)
}

/** A client may ask for an earlier deadline than the service's, never for a later one. */
function timeoutOf ({ headers }: FastifyRequest, requestTimeoutMs: number): number {
  const asked = headers['x-request-timeout-ms']
  if (asked === undefined) return requestTimeoutMs
  if (typeof asked === 'string' && /^[1-9]\d{0,8}$/.test(asked)) return Math.min(Number(asked), requestTimeoutMs)
  throw new ServiceError('invalid_request', `Expected x-request-timeout-ms to be a whole number of milliseconds, got ${JSON.stringify(asked).slice(0, 100)}.`)
}
