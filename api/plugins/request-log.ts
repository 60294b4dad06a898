/** One line a request: what was asked, how it ended, where the time went. Image bytes and file names are never logged. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request's log line says beside method, path, status and duration. */
    outcome: Readonly<Record<string, unknown>>
  }
}

const clientGoneStatus = 499

const probes = new Set(['/livez', '/readyz'])

export function registerRequestLog (app: FastifyInstance): void {
  app.decorateRequest('outcome', null as unknown as Readonly<Record<string, unknown>>)
  app.addHook('onRequest', async (request, reply) => {
    request.outcome = {}
    reply.header('x-request-id', request.id)
    // Not onResponse: that hook stays away when the client leaves first.
    reply.raw.once('close', () => logOutcome(request, reply))
  })
}

function logOutcome (request: FastifyRequest, reply: FastifyReply): void {
  const isAnswered = reply.raw.writableFinished
  const path = request.url.split('?', 1)[0]!
  const line = {
    method: request.method,
    path: path.slice(0, 200),
    status: isAnswered ? reply.statusCode : clientGoneStatus,
    durationMs: round(reply.elapsedTime),
    ...request.outcome,
    ...(isAnswered ? {} : { code: 'client_gone' }),
  }
  if (probes.has(path)) request.log.debug(line, 'probed')
  else request.log.info(line, isAnswered ? 'answered' : 'abandoned')
}

/** Milliseconds with one decimal. */
export function round (milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}
