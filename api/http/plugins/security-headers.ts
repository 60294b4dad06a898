/** nosniff and no-store on every response: results may show what is in a private image. */
import type { FastifyInstance } from 'fastify'

/** Headers, exported for responses written below the hooks. */
export const securityHeaders = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' } as const

export function registerSecurityHeaders (app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(securityHeaders)
    done()
  })
}
