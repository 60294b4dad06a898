import { setMaxListeners } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { FastifyReply } from 'fastify'
import { ServiceError } from '../errors.ts'

interface Abortion { reason?: ServiceError, abort?: (reason: ServiceError) => void }

const abortions = new WeakMap<IncomingMessage, Abortion>()

/**
 * A signal that is aborted once the request is not to be answered as it asks: with `deadline_exceeded` at `timeoutMs` after its arrival,
 * with `client_gone` when the connection closes before the response is out, or with what `abortRequest` was given.
 */
export function requestSignal (raw: IncomingMessage, reply: FastifyReply, timeoutMs: number): AbortSignal {
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
