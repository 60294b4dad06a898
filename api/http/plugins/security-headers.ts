/** Answers are what their type says, and nobody's to keep: they may hold what a photo shows. */
import type { FastifyInstance } from 'fastify'

/** For answers below the hooks as well. */
export const securityHeaders = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' } as const

export function registerSecurityHeaders (app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(securityHeaders)
    done()
  })
}
