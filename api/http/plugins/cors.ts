/** CORS: which web pages may call the service; only those of the configured origins. */
import type { FastifyInstance } from 'fastify'
import { ConfigError, type Config } from '../../config.ts'

/** Headers that pages may read. */
const exposedHeaders = ['server-timing', 'x-request-id', 'retry-after']
const preflightSeconds = 3600

/** Registers CORS. @throws ConfigError if an origin is not one. */
export function registerCors (app: FastifyInstance, { corsOrigins }: Config): void {
  const origins = corsOrigins.split(',').map((origin) => origin.trim()).filter((origin) => origin !== '')
  for (const origin of origins) {
    if (origin !== '*' && !isOrigin(origin)) {
      throw new ConfigError(`Expected CORS_ORIGINS to have origins such as https://example.com, got ${JSON.stringify(origin)}.`)
    }
  }
  if (origins.length === 0) return
  app.register(import('@fastify/cors'), {
    origin: origins,
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders,
    maxAge: preflightSeconds,
    strictPreflight: false, // an OPTIONS that is not a preflight is answered like one: its rejection would be plain text
  })
}

function isOrigin (text: string): boolean {
  return /^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text
}
