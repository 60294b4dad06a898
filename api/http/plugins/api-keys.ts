/** API keys: with a file of keys, every request needs one, except those of machines that monitor the service. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { readApiKeys } from './key-file.ts'
import type { Config } from '../../config.ts'
import { ServiceError } from '../../errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Id of the request's API key; undefined if the service needs no key. */
    keyId: string | undefined
  }
}

/** Registers the check of API keys. @throws ConfigError if a file of keys is configured and not valid. */
export function registerApiKeys (app: FastifyInstance, { apiKeysFile }: Config): void {
  app.decorateRequest('keyId', undefined)
  if (apiKeysFile === '') return
  const keys = readApiKeys(apiKeysFile)
  const openPaths = new Set<string>()
  app.addHook('onRoute', ({ url, config }) => {
    if (config?.isOpen === true) openPaths.add(url)
  })

  // CORS runs before: it answers preflights, which carry no key, and lets pages read the rejection.
  app.addHook('onRequest', async (request, reply) => {
    // A request without a route may still have an open path, with another method.
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

/** The key of a request. `x-api-key` wins, because a platform in front may need Authorization for itself. */
function readKey ({ headers }: FastifyRequest): string | undefined {
  const given = headers['x-api-key']
  if (given !== undefined) return String(given)
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
}
