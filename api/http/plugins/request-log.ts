/** One line a request: what was asked, how it ended, where the time went. Image bytes and file names are never logged. */
import type { FastifyInstance } from 'fastify'

export function registerRequestLog (app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  app.onRequestEnd(({ requestId, method, path, status, isAnswered, durationMs, outcome, request }) => {
    const line = { method, path: path.slice(0, 200), status, durationMs: round(durationMs), ...outcome }
    if (request === undefined) app.log.info({ requestId, ...line }, 'answered')
    else if (request.routeOptions.config.isProbe === true) request.log.debug(line, 'probed')
    else request.log.info(line, isAnswered ? 'answered' : 'abandoned')
  })
}

/** Milliseconds with one decimal. */
export function round (milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}
