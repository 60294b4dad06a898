/**
 * Requests behind an unanswered one of their connection. Who asks on and on without waiting for responses is disconnected: each is kept
 * until the one before it is out.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

const maxPipelinedRequests = 100

export function registerPipeliningLimit (app: FastifyInstance): void {
  const unanswered = new WeakMap<Socket, Set<ServerResponse>>()

  app.server.on('connection', (socket) => {
    const responses = new Set<ServerResponse>()
    unanswered.set(socket, responses)
    socket.once('close', () => {
      for (const response of responses) if (response.socket === null) tellOfClose(response)
    })
  })
  app.server.on('request', ({ socket }, response) => {
    const responses = unanswered.get(socket)!
    responses.add(response)
    response.once('finish', () => responses.delete(response))
  })
  app.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    // An injected request has no connection.
    if ((unanswered.get(socket)?.size ?? 0) < maxPipelinedRequests) return done()
    reply.hijack()
    socket.destroy()
  })
}

/** Node tells only the response whose turn it is that the connection has closed; what waits behind it would hold its memory for ever. */
function tellOfClose (response: ServerResponse): void {
  response.destroy()
  response.emit('close')
}
