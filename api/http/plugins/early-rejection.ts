/**
 * Refuses what there is no room for before the framework makes a request of it. At ten times the load, nine of ten requests are
 * refused, and what each of them costs is taken from those that are answered. Only what one write can refuse is refused here;
 * everything else takes the long way to the same answer.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Classifier } from '../../engine/classifier.ts'
import { clientOf } from '../client-address.ts'
import type { Config } from '../../config.ts'
import type { ServiceError } from '../../errors.ts'
import { isEnding, isShortAndUnread, lingerFor } from './lingering-close.ts'
import { securityHeaders } from './security-headers.ts'
import { requestIdOf } from '../request-id.ts'
import { toProblem } from '../schemas/problem.ts'

const fixedHeaders = ['content-type', 'application/problem+json; charset=utf-8', ...Object.entries(securityHeaders).flat()]

/**
 * Stands before the routes of `scope`. Not where each request has a key, which is to be told first, or a trace.
 *
 * @param scope - Its routes classify what is posted to them. Those with parameters in their paths are left to the long way.
 */
export function registerFrontDoor (scope: FastifyInstance, classifier: Classifier, config: Config): void {
  if (config.apiKeysFile !== '' || config.otelExporterOtlpEndpoint !== '') return
  const paths = new Set<string>()
  scope.addHook('onRoute', ({ method, url }) => {
    if (method === 'POST') paths.add(url)
  })

  const refuse = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.method !== 'POST' || scope.isDraining || !isRefusedByOneWrite(request, response)) return false
    const startedAt = performance.now()
    const [path] = request.url!.split('?', 1) as [string]
    if (!paths.has(path)) return false
    // Behind proxies, who asks is in headers that are not read here: only room for anybody counts.
    const client = config.trustProxy === '' ? clientOf({ ip: request.socket.remoteAddress }) : undefined
    const refusal = classifier.admission.rejection(0, client)
    if (refusal === undefined) return false
    const requestId = requestIdOf(request)
    if (!response.shouldKeepAlive) lingerFor(request, request.socket)
    answer(response, refusal, requestId)
    scope.endRequest({
      requestId,
      method: 'POST',
      path,
      route: path,
      status: refusal.statusCode,
      isAnswered: true,
      durationMs: performance.now() - startedAt,
      outcome: { code: refusal.code },
    })
    return true
  }

  const [handle] = scope.server.listeners('request') as [RequestListener]
  scope.server.off('request', handle)
  scope.server.prependListener('request', (request, response) => {
    if (!refuse(request, response)) handle.call(scope.server, request, response)
  })
}

/** No page of another origin that must be let read it, nothing to be said before the body or after it, no earlier request unanswered. */
function isRefusedByOneWrite (request: IncomingMessage, { socket }: ServerResponse): boolean {
  const { origin, expect } = request.headers
  if (socket === null || isEnding(socket)) return false
  return origin === undefined && expect === undefined && isShortAndUnread(request)
}

function answer (response: ServerResponse, refusal: ServiceError, requestId: string): void {
  const body = JSON.stringify(toProblem(refusal, requestId))
  response.writeHead(refusal.statusCode, [
    ...fixedHeaders,
    'content-length', String(Buffer.byteLength(body)),
    'retry-after', String(refusal.retryAfterSeconds ?? 1),
    'x-request-id', requestId,
  ])
  response.end(body)
}
