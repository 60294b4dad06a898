import { setMaxListeners } from 'node:events'
import type { FastifyReply } from 'fastify'
import { ServiceError } from './errors.ts'

/**
 * A signal that is aborted once nobody waits for the answer any more: with `deadline_exceeded` at `timeoutMs` after the request's
 * arrival, or with `client_gone` when the connection closes before the answer is out.
 */
export function requestSignal (reply: FastifyReply, timeoutMs: number): AbortSignal {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal) // one an image; they end with the request
  const timer = setTimeout(() => {
    controller.abort(new ServiceError('deadline_exceeded', `Expected to answer within ${timeoutMs} ms, but the image was still waiting.`))
  }, Math.max(0, timeoutMs - reply.elapsedTime))
  const onClose = (): void => {
    clearTimeout(timer)
    if (!reply.raw.writableFinished) controller.abort(new ServiceError('client_gone', 'The client closed the connection.'))
  }
  if (reply.raw.destroyed) onClose()
  else reply.raw.once('close', onClose)
  return controller.signal
}
