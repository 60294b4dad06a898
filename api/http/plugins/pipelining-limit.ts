/** Ends connections that ask on and on without waiting for answers: each of those is kept until the one before it is out. */
import type { FastifyInstance } from 'fastify'

const maxPipelinedRequests = 100

export function registerPipeliningLimit (app: FastifyInstance): void {
  const unanswered = new WeakMap<object, number>()

  app.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    const count = (unanswered.get(socket) ?? 0) + 1
    unanswered.set(socket, count)
    reply.raw.once('finish', () => unanswered.set(socket, unanswered.get(socket)! - 1))
    if (count <= maxPipelinedRequests) return done()
    reply.hijack()
    socket.destroy()
  })
}
