/** One line a request: what was asked, how it ended, where the time went. Image bytes and file names are never logged. */
import type { FastifyInstance } from 'fastify'

export function registerRequestLog (app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.onRequestEnd(({ request, status, isAnswered, durationMs }) => {
    const path = request.url.split('?', 1)[0]!
    const line = { method: request.method, path: path.slice(0, 200), status, durationMs: round(durationMs), ...request.outcome }
    if (request.routeOptions.config.isProbe === true) request.log.debug(line, 'probed')
    else request.log.info(line, isAnswered ? 'answered' : 'abandoned')
  })
}

/** Milliseconds with one decimal. */
export function round (milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}
