/**
 * Ends connections as soon as their last answer is out. By default a server that closes waits for keep-alive clients that have
 * nothing left to say, and for sockets that never said anything.
 */
import type { FastifyInstance } from 'fastify'

const idleCheckIntervalMs = 100

export function registerGracefulClose (app: FastifyInstance): void {
  let isClosing = false
  let idleCheck: NodeJS.Timeout | undefined

  app.addHook('preClose', async () => {
    isClosing = true
    idleCheck = setInterval(() => app.server.closeIdleConnections(), idleCheckIntervalMs)
  })
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close')
  })
  app.addHook('onClose', async () => {
    clearInterval(idleCheck)
  })
}
