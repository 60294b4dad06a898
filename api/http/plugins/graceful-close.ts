/**
 * Leaves without a client noticing: first every answer announces that its connection ends, while new connections and requests
 * are still served; then the server stops listening and waits for what is running. By default a server that closes waits for
 * keep-alive clients that have nothing left to say, for sockets that never said anything, and for bodies that were rejected.
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
    /** From the announcement to the end, readiness is refused. */
    isDraining: boolean
    /**
     * Announces the end, serves for `delayMs` (in which load balancers notice), then closes.
     * With no delay, connections that are idle at that moment learn of it by being closed.
     */
    drain (delayMs: number): Promise<void>
    /** Of all requests in flight. Those that still wait for bytes shortly before the shutdown times out are rejected. */
    readonly bodyReaders: Set<BodyReader>
  }
}

const idleCheckIntervalMs = 100
/** Whoever has connected gets so long to say something: the first bytes may be under way. */
const silenceMs = 1000
/** Turns of the event loop in which connections are still taken in, as long as there are new ones. */
const maxTurns = 100
/** From the rejection of bodies that have not arrived to the timeout of the shutdown: time for the responses. */
const rejectionMs = 1000

export function registerGracefulClose (app: FastifyInstance, { shutdownTimeoutMs }: Config): void {
  let connections = 0
  // Node knows a connection as idle only after its first request, and not while the rest of a body that was rejected is missing.
  const waitsForNobody = new Map<Socket, number>()
  app.server.on('connection', (socket) => {
    connections++
    waitsForNobody.set(socket, performance.now())
    socket.once('close', () => waitsForNobody.delete(socket))
  })
  app.server.on('request', (request, response) => {
    const { socket } = request
    waitsForNobody.delete(socket)
    response.once('finish', () => {
      if (!request.complete && !socket.closed) waitsForNobody.set(socket, performance.now())
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
  // Before Fastify closes the server, which is in the middle of anything: who is connected but not accepted yet would be reset,
  // and so would a request that has arrived on an idle connection but not been read.
  app.addHook('preClose', async () => {
    app.isDraining = true
    for (let known = -1, turns = 0; known !== connections && turns < maxTurns; turns++) {
      known = connections
      await nextTurn()
    }
    const closed = new Promise((resolve) => app.server.close(resolve)) // and with it, connections that are idle
    const idleCheck = setInterval(() => {
      closeIdle(app.server, waitsForNobody)
      if (performance.now() > lastMoment) for (const reader of app.bodyReaders) reader.fail(notArrived)
    }, idleCheckIntervalMs)
    await closed
    clearInterval(idleCheck)
  })
}

const notArrived = new ServiceError('shutting_down', 'Expected the whole request before the service shut down; try again on another instance.')

function closeIdle (server: Server, waitsForNobody: ReadonlyMap<Socket, number>): void {
  server.closeIdleConnections()
  const latest = performance.now() - silenceMs
  for (const [socket, since] of waitsForNobody) if (since < latest) socket.destroy()
}
