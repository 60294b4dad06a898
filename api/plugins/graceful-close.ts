/**
 * Leaves without a client noticing: first every answer announces that its connection ends, while new connections and requests
 * are still served; then the server stops listening and waits for what is running. By default a server that closes waits for
 * keep-alive clients that have nothing left to say, and for sockets that never said anything.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyInstance {
    /** From the announcement to the end, readiness is refused. */
    isDraining: boolean
    /**
     * Announces the end, serves for `delayMs` (in which load balancers notice), then closes.
     * With no delay, connections that are idle at that moment learn of it by being closed.
     */
    drain (delayMs: number): Promise<void>
  }
}

const idleCheckIntervalMs = 100
/** Whoever has connected gets so long to say something: the first bytes may be under way. */
const silenceMs = 1000
/** Turns of the event loop in which connections are still taken in, as long as there are new ones. */
const maxTurns = 100

export function registerGracefulClose (app: FastifyInstance): void {
  let connections = 0
  // Node knows a connection as idle only after its first request.
  const silentSince = new Map<Socket, number>()
  app.server.on('connection', (socket) => {
    connections++
    silentSince.set(socket, performance.now())
    socket.once('close', () => silentSince.delete(socket))
  })
  app.server.on('request', ({ socket }) => silentSince.delete(socket))

  app.decorate('isDraining', false)
  app.decorate('drain', async (delayMs: number) => {
    app.isDraining = true
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
    const idleCheck = setInterval(() => closeIdle(app.server, silentSince), idleCheckIntervalMs)
    await closed
    clearInterval(idleCheck)
  })
}

function closeIdle (server: Server, silentSince: ReadonlyMap<Socket, number>): void {
  server.closeIdleConnections()
  const latest = performance.now() - silenceMs
  for (const [socket, since] of silentSince) if (socket.bytesRead === 0 && since < latest) socket.destroy()
}
