/**
 * Rejection of requests without room before Fastify handles them. At ten times the capacity, nine of ten requests are rejected,
 * and their cost is taken from those that are served: docs/decisions/0019. Only requests that one write can reject are rejected
 * here; all others get the same response from Fastify.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../config.ts'
import type { Classifier } from '../../engine/classifier.ts'
import type { ServiceError } from '../../errors.ts'
import { clientOf } from '../client-address.ts'
import { toProblem } from '../schemas/problem.ts'
import { isEnding, isShortAndUnread, lingerFor } from './lingering-close.ts'
import { requestIdOf } from './request-end.ts'
import { securityHeaders } from './security-headers.ts'

const fixedHeaders = ['content-type', 'application/problem+json; charset=utf-8', ...Object.entries(securityHeaders).flat()]

export class EarlyRejection {
  readonly #classifier: Classifier
  readonly #config: Config
  /** Paths whose POST classifies images; Fastify handles those with parameters. */
  readonly #paths = new Set<string>()
  #app: FastifyInstance | undefined

  constructor (classifier: Classifier, config: Config) {
    this.#classifier = classifier
    this.#config = config
  }

  /** Covers the routes of a scope, unless requests need a key or a trace first. */
  watch (scope: FastifyInstance): void {
    if (this.#config.apiKeysFile !== '' || this.#config.otelExporterOtlpEndpoint !== '') return
    this.#app = scope
    scope.addHook('onRoute', ({ method, url }) => {
      if (method === 'POST') this.#paths.add(url)
    })
  }

  /** Rejects the request if there is no room for it. @returns Whether it was rejected, and its response sent. */
  tryReject (request: IncomingMessage, response: ServerResponse): boolean {
    const app = this.#app
    if (app === undefined || request.method !== 'POST' || app.isDraining || !canRejectInOneWrite(request, response)) return false
    const startedAt = performance.now()
    const [path] = request.url!.split('?', 1) as [string]
    if (!this.#paths.has(path)) return false
    // Behind proxies the client's address is in headers that are not read here: only the bound of the queue counts.
    const client = this.#config.trustProxy === '' ? clientOf({ ip: request.socket.remoteAddress }) : undefined
    const rejection = this.#classifier.admission.rejection(0, client)
    if (rejection === undefined) return false
    const requestId = requestIdOf(request)
    if (!response.shouldKeepAlive) lingerFor(request, request.socket)
    respond(response, rejection, requestId)
    app.endRequest({
      requestId,
      method: 'POST',
      path,
      route: path,
      status: rejection.statusCode,
      hasResponse: true,
      durationMs: performance.now() - startedAt,
      outcome: { code: rejection.code },
    })
    return true
  }
}

/** Whether one write can reject the request: no CORS, no `Expect`, a short unread body, no pipelined predecessor. */
function canRejectInOneWrite (request: IncomingMessage, { socket }: ServerResponse): boolean {
  const { origin, expect } = request.headers
  if (socket === null || isEnding(socket)) return false
  return origin === undefined && expect === undefined && isShortAndUnread(request)
}

function respond (response: ServerResponse, rejection: ServiceError, requestId: string): void {
  const body = JSON.stringify(toProblem(rejection, requestId))
  response.writeHead(rejection.statusCode, [
    ...fixedHeaders,
    'content-length', String(Buffer.byteLength(body)),
    'retry-after', String(rejection.retryAfterSeconds ?? 1),
    'x-request-id', requestId,
  ])
  response.end(body)
}
