/** Whatever goes wrong becomes application/problem+json (RFC 9457) with a stable code; causes go to the log, never to the client. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { bodyTooLarge } from '../body-limit.ts'
import type { Config } from '../config.ts'
import { discardRest } from '../discard-rest.ts'
import { FailedImagesError, ServiceError, type ErrorCode } from '../errors.ts'
import { toProblem } from '../schemas/problem.ts'
import { securityHeaders } from './security-headers.ts'

export function registerProblemDetails (app: FastifyInstance, config: Config): void {
  const methodsOfPath = new Map<string, string[]>()
  app.addHook('onRoute', ({ path, method }) => {
    methodsOfPath.set(path, [...methodsOfPath.get(path) ?? [], ...[method].flat()])
  })

  app.setErrorHandler((thrown: FastifyError, request, reply) => {
    // What is wrong with its body does not matter where there is no route.
    if (request.is404 && !(thrown instanceof ServiceError) && (thrown.statusCode ?? 500) < 500) return refuseUnknownRoute(request, reply)
    const error = toServiceError(thrown, request, config)
    if (error.code === 'internal_error') request.log.error({ err: thrown }, 'request failed')
    else if (error.cause !== undefined) request.log.debug({ err: error.cause }, 'request refused')
    return sendProblem(request, reply, error)
  })

  const refuseUnknownRoute = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const path = request.url.split('?', 1)[0]!
    const methods = methodsOfPath.get(path)
    if (methods === undefined) {
      return sendProblem(request, reply, new ServiceError('not_found', `There is no ${request.method} ${path.slice(0, 200)}.`))
    }
    reply.header('allow', methods.join(', '))
    const message = `Expected ${methods.join(' or ')} for ${path}, got ${request.method}.`
    return sendProblem(request, reply, new ServiceError('method_not_allowed', message))
  }
  app.setNotFoundHandler(refuseUnknownRoute)
}

/** For what fails before there is a route: a path that is no path. */
export function answerFrameworkError (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  request.server.awaitRequestEnd(request, reply)
  reply.headers({ 'x-request-id': request.id, ...securityHeaders })
  sendProblem(request, reply, new ServiceError('invalid_request', 'Expected a valid path in the request.', { cause: error }))
}

/** For what is no HTTP request, or one that does not arrive: the connection is answered by hand and closed. */
export function answerClientError (this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
  if (refused.has(socket)) return // the parser complains again, about what is being discarded
  refused.add(socket)
  // An answer that has begun cannot be taken back. Node's own handler looks here, too.
  const { _httpMessage: begun } = socket as Socket & { _httpMessage?: ServerResponse | null }
  if (error.code === 'ECONNRESET' || !socket.writable || begun?.headersSent === true) {
    socket.destroy()
    return
  }
  const problem = toProblem(clientErrors[error.code ?? ''] ?? notHttp, randomUUID())
  this.log.info({ requestId: problem.requestId, status: problem.status, code: problem.code, reason: error.code }, 'refused')
  const body = JSON.stringify(problem)
  socket.end([
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${problem.requestId}`,
    ...Object.entries(securityHeaders).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
    '',
    body,
  ].join('\r\n'))
  if (problem.code === 'request_timeout') socket.destroySoon()
  else discardRest(socket).then(() => socket.destroy(), () => socket.destroy())
}

/** Why a connection was refused before there was a request. */
export function clientErrorCode ({ code = '' }: NodeJS.ErrnoException): ErrorCode {
  return (clientErrors[code] ?? notHttp).code
}

const refused = new WeakSet<Socket>()

const notHttp = new ServiceError('invalid_request', 'Expected an HTTP/1.1 request, got something that is none.')

const clientErrors: Readonly<Record<string, ServiceError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new ServiceError('request_timeout', 'Expected the whole request in time, but it did not arrive.'),
  HPE_HEADER_OVERFLOW: new ServiceError('headers_too_large', 'Expected at most 16384 bytes of headers, got more.'),
}

export function sendProblem (request: FastifyRequest, reply: FastifyReply, error: ServiceError): FastifyReply {
  request.outcome = { ...request.outcome, code: error.code }
  if (error.statusCode === 429 || error.statusCode === 503) reply.header('retry-after', error.retryAfterSeconds ?? 1)
  const problem = toProblem(error, request.id)
  return reply
    .status(error.statusCode)
    .type('application/problem+json')
    .send(error instanceof FailedImagesError ? { ...problem, errors: error.errors.map((each) => toProblem(each, request.id)) } : problem)
}

/** The documented error for whatever was thrown. What nobody foresaw is an internal error. */
function toServiceError (thrown: FastifyError, request: FastifyRequest, config: Config): ServiceError {
  if (thrown instanceof ServiceError) return thrown
  const options = { cause: thrown }
  if (thrown.validation !== undefined) return new ServiceError('invalid_request', explainValidation(thrown, request), options)
  switch (thrown.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return bodyTooLarge(request.headers['content-type'] ?? '', config)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE': {
      const received = request.headers['content-type']
      return new ServiceError('unsupported_media', `Expected multipart/form-data or an image (${config.imageFormats}), got ${received === undefined ? 'none' : quote(received)}.`, options)
    }
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new ServiceError('invalid_request', 'Expected a body as long as its Content-Length says.', options)
  }
  if (thrown.statusCode !== undefined && thrown.statusCode < 500) {
    return new ServiceError('invalid_request', 'Expected a request as the documentation describes, got another.', options)
  }
  return new ServiceError('internal_error', 'Something went wrong on our side; the request id finds it in the log.', options)
}

/** The first thing wrong with the query, in words. */
function explainValidation ({ validation }: FastifyError, { query }: FastifyRequest): string {
  const [issue] = validation!
  if (issue!.keyword === 'additionalProperties') {
    return `Expected no query parameter ${quote(String(issue!.params['additionalProperty']))}: there is none of that name.`
  }
  const name = issue!.instancePath.slice(1)
  const received = (query as Record<string, unknown>)[name]
  return `Expected the query parameter ${name} ${issue!.message?.replace(/^must /, 'to ')}, got ${quote(String(received))}.`
}

function quote (text: string): string {
  return JSON.stringify(text.slice(0, 100))
}
