/** Who may ask: once there is a file of API keys, every request but those of machines that watch the service carries one. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { readApiKeys } from './key-file.ts'
import type { Config } from '../../config.ts'
import { ServiceError } from '../../errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Id of the request's API key; none where the service needs no key. */
    keyId: string | undefined
  }
}

/** @throws ConfigError if there is to be a file of keys and it is not valid. */
export function registerApiKeys (app: FastifyInstance, { apiKeysFile }: Config): void {
  app.decorateRequest('keyId', undefined)
  if (apiKeysFile === '') return
  const keys = readApiKeys(apiKeysFile)
  const openPaths = new Set<string>()
  app.addHook('onRoute', ({ url, config }) => {
    if (config?.isOpen === true) openPaths.add(url)
  })

  // CORS comes before: it answers preflights, which carry no key, and lets pages read the refusal.
  app.addHook('onRequest', async (request, reply) => {
    // Without a route there may be an open path still, asked for by a method that it does not have.
    const isOpen = request.is404 ? openPaths.has(request.url.split('?', 1)[0]!) : request.routeOptions.config.isOpen === true
    if (isOpen) return
    const key = readKey(request)
    request.keyId = key === undefined ? undefined : keys.identify(key)
    if (request.keyId !== undefined) {
      request.outcome = { ...request.outcome, keyId: request.keyId }
      return
    }
    reply.header('www-authenticate', key === undefined ? 'Bearer realm="ghostserve"' : 'Bearer realm="ghostserve", error="invalid_token"')
    const received = key === undefined ? 'none' : 'one that is not known'
    throw new ServiceError('unauthorized', `Expected an API key in Authorization: Bearer or in x-api-key, got ${received}.`)
  })
}

/** `x-api-key` wins, because a platform in front may need Authorization for itself. */
function readKey ({ headers }: FastifyRequest): string | undefined {
  const given = headers['x-api-key']
  if (given !== undefined) return String(given)
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}
