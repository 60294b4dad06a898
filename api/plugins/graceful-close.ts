/**
 * Leaves without a client noticing: first every answer announces that its connection ends, while new connections and requests
 * are still served; then the server stops listening and waits for what is running. By default a server that closes waits for
 * keep-alive clients that have nothing left to say, and for sockets that never said anything.
 */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
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

export function registerGracefulClose (app: FastifyInstance): void {
  let idleCheck: NodeJS.Timeout | undefined
  // Node knows a connection as idle only after its first request.
  const silent = new Set<Socket>()
  app.server.on('connection', (socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  app.server.on('request', ({ socket }) => silent.delete(socket))

  app.decorate('isDraining', false)
  app.decorate('drain', async (delayMs: number) => {
    app.isDraining = true
    await sleep(delayMs)
    await app.close()
  })
  app.addHook('onSend', async (_request, reply) => {
    if (app.isDraining) reply.header('connection', 'close')
  })
  app.addHook('preClose', async () => {
    app.isDraining = true
    const closeIdle = (): void => {
      app.server.closeIdleConnections()
      for (const socket of silent) if (socket.bytesRead === 0) socket.destroy()
    }
    closeIdle()
    idleCheck = setInterval(closeIdle, idleCheckIntervalMs)
  })
  app.addHook('onClose', async () => {
    clearInterval(idleCheck)
  })
}
