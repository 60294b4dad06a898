/** Sets the deadline of a request, its body included: the service's, or an earlier one that the client asks for. */
import { setMaxListeners } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import { ServiceError } from '../../errors.ts'

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

interface Abortion { reason?: ServiceError, abort?: (reason: ServiceError) => void }

const abortions = new WeakMap<IncomingMessage, Abortion>()

/**
 * A signal that is aborted once the request is not to be answered as it asks: with `deadline_exceeded` at `timeoutMs` after its arrival,
 * with `client_gone` when the connection closes before the response is out, or with what `abortRequest` was given.
 */
function requestSignal (raw: IncomingMessage, reply: FastifyReply, timeoutMs: number): AbortSignal {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal) // one per image; they end with the request
  const timer = setTimeout(() => {
    controller.abort(new ServiceError('deadline_exceeded', `Expected to answer within ${timeoutMs} ms, but the image was still waiting.`))
  }, Math.max(0, timeoutMs - reply.elapsedTime))
  const onClose = (): void => {
    clearTimeout(timer)
    if (!reply.raw.writableFinished) controller.abort(new ServiceError('client_gone', 'The client closed the connection.'))
  }
  if (reply.raw.destroyed) onClose()
  else reply.raw.once('close', onClose)
  const { reason } = abortions.get(raw) ?? {}
  if (reason !== undefined) controller.abort(reason)
  abortions.set(raw, { abort: (error) => controller.abort(error) })
  return controller.signal
}

/** Answers a request with this error, if it has a signal or gets one, and is not answered yet. */
export function abortRequest (raw: IncomingMessage, reason: ServiceError): void {
  const { abort } = abortions.get(raw) ?? {}
  if (abort === undefined) abortions.set(raw, { reason })
  else abort(reason)
}
