/**
 * Graceful close, unnoticed by clients: first every response announces the end of its connection, while new connections and
 * requests are still served; then the server stops listening and waits for requests in flight. By default a closing server waits
 * for idle keep-alive clients, for silent sockets, and for bodies that were rejected.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { BodyReader } from './request-body.ts'
import type { Config } from '../../config.ts'
import { ServiceError } from '../../errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the service is draining, from the announcement to the end; it is not ready then. */
    isDraining: boolean
    /**
     * Announces the end, serves for `delayMs` (in which load balancers notice), then closes.
     * With no delay, connections that are idle at that moment are closed without an announcement.
     */
    drain (delayMs: number): Promise<void>
    /** Readers of all requests in flight. Those that still wait for bytes shortly before the shutdown times out are rejected. */
    readonly bodyReaders: Set<BodyReader>
  }
}

const idleCheckIntervalMs = 100
/** Time for a new connection to send its first bytes, which may be under way. */
const silenceMs = 1000
/** Turns of the event loop in which connections are still accepted, as long as there are new ones. */
const maxTurns = 100
/** Time for the responses, from the rejection of incomplete bodies to the timeout of the shutdown. */
const rejectionMs = 1000

export function registerGracefulClose (app: FastifyInstance, { shutdownTimeoutMs }: Config): void {
  let connections = 0
  // Node knows a connection as idle only after its first request, and not while the rest of a rejected body is missing.
  const idleSockets = new Map<Socket, number>()
  app.server.on('connection', (socket) => {
    connections++
    idleSockets.set(socket, performance.now())
    socket.once('close', () => idleSockets.delete(socket))
  })
  app.server.on('request', (request, response) => {
    const { socket } = request
    idleSockets.delete(socket)
    response.once('finish', () => {
      if (!request.complete && !socket.closed) idleSockets.set(socket, performance.now())
    })
  })

  let lastMoment = Infinity
  app.decorate('bodyReaders', new Set<BodyReader>())
  app.decorate('isDraining', false)
  app.decorate('drain', async (delayMs: number) => {
    app.isDraining = true
    lastMoment = performance.now() + shutdownTimeoutMs - rejectionMs
    await sleep(delayMs)
    await app.close()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (app.isDraining) reply.header('connection', 'close')
    done()
  })
  // Before Fastify closes the server, which is too early: connections that are not accepted yet would be reset,
  // and so would a request that has arrived on an idle connection but was not read yet.
  app.addHook('preClose', async () => {
    app.isDraining = true
    for (let known = -1, turns = 0; known !== connections && turns < maxTurns; turns++) {
      known = connections
      await nextTurn()
    }
    const closed = new Promise((resolve) => app.server.close(resolve)) // which also closes idle connections
    const idleCheck = setInterval(() => {
      closeIdle(app.server, idleSockets)
      if (performance.now() > lastMoment) for (const reader of app.bodyReaders) reader.fail(notArrived)
    }, idleCheckIntervalMs)
    await closed
    clearInterval(idleCheck)
  })
}

const notArrived = new ServiceError('shutting_down', 'Expected the whole request before the service shut down; try again on another instance.')

function closeIdle (server: Server, idleSockets: ReadonlyMap<Socket, number>): void {
  server.closeIdleConnections()
  const latest = performance.now() - silenceMs
  for (const [socket, since] of idleSockets) if (since < latest) socket.destroy()
}
