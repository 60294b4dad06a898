/** Problem details: every error becomes application/problem+json (RFC 9457) with a stable code; causes go only to the log. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import { FailedImagesError, ServiceError } from '../../errors.ts'
import { abortRequest } from './request-body.ts'
import { toProblem } from '../schemas/problem.ts'
import { isEnding, lingerFor } from './lingering-close.ts'
import { securityHeaders } from './security-headers.ts'

export function registerProblemDetails (app: FastifyInstance, config: Config): void {
  const pathMethods = new Map<string, string[]>()
  app.addHook('onRoute', ({ path, method }) => {
    pathMethods.set(path, [...pathMethods.get(path) ?? [], ...[method].flat()])
  })

  app.setErrorHandler((thrown: FastifyError, request, reply) => {
    // Errors of the body do not matter if there is no route.
    if (request.is404 && !(thrown instanceof ServiceError) && (thrown.statusCode ?? 500) < 500) return rejectUnknownRoute(request, reply)
    const error = toServiceError(thrown, request, config)
    if (error.code === 'internal_error') request.log.error({ err: thrown }, 'request failed')
    else if (error.cause !== undefined) request.log.debug({ err: error.cause }, 'request rejected')
    return sendProblem(request, reply, error)
  })

  const rejectUnknownRoute = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const path = request.url.split('?', 1)[0]!
    const methods = pathMethods.get(path)
    if (methods === undefined) {
      return sendProblem(request, reply, new ServiceError('not_found', `There is no ${request.method} ${path.slice(0, 200)}.`))
    }
    reply.header('allow', methods.join(', '))
    const message = `Expected ${methods.join(' or ')} for ${path}, got ${request.method}.`
    return sendProblem(request, reply, new ServiceError('method_not_allowed', message))
  }
  app.setNotFoundHandler(rejectUnknownRoute)
}

/** Responds to an error before routing, such as an invalid path. */
export function handleFrameworkError (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  request.server.awaitRequestEnd(request, reply)
  reply.headers({ 'x-request-id': request.id, ...securityHeaders })
  sendProblem(request, reply, new ServiceError('invalid_request', 'Expected a valid path in the request.', { cause: error }))
}

/**
 * Responds to bytes that are not an HTTP request, or to one that does not arrive: one response at most, then the connection ends.
 * A request in flight gets it, as its body or what follows it cannot be told from another request.
 */
export function handleClientError (this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
  if (isEnding(socket)) return // the parser reports the bytes that are being discarded
  // Node's own handler reads these, too.
  const { _httpMessage: response, parser } = socket as NodeSocket
  if (error.code === 'ECONNRESET' || !socket.writable || response?.headersSent === true) {
    socket.destroy()
    return
  }
  const problem = clientErrors[error.code ?? ''] ?? notHttp
  if (response == null) {
    // A request that was answered before its end has its response, whatever becomes of its body.
    if (parser?.incoming?.complete !== false) rejectConnection(this, problem, error, socket)
    // A client that was silent for so long sends no more.
    if (problem.code !== 'request_timeout') lingerFor(socket, socket)
    socket.destroySoon()
    return
  }
  response.shouldKeepAlive = false
  abortRequest(response.req, problem)
  lingerFor(socket, socket)
}

/** Internals of a socket of Node's HTTP server: the current response, and the request that is being read or was last. */
type NodeSocket = Socket & { _httpMessage?: ServerResponse | null, parser?: { incoming?: IncomingMessage | null } | null }

/** Writes the response directly to the socket, as there is no request. */
function rejectConnection (app: FastifyInstance, error: ServiceError, { code: reason }: NodeJS.ErrnoException, socket: Socket): void {
  const problem = toProblem(error, randomUUID())
  app.log.info({ requestId: problem.requestId, status: problem.status, code: problem.code, reason }, 'rejected')
  app.server.emit('connectionRejected', problem.code)
  const body = JSON.stringify(problem)
  socket.write([
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${problem.requestId}`,
    ...Object.entries(securityHeaders).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
    '',
    body,
  ].join('\r\n'))
}

const notHttp = new ServiceError('invalid_request', 'Expected an HTTP/1.1 request, got something else.')

const clientErrors: Readonly<Record<string, ServiceError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new ServiceError('request_timeout', 'Expected the whole request in time, but it did not arrive.'),
  HPE_INVALID_EOF_STATE: new ServiceError('invalid_request', 'Expected a whole request, got the end of the connection before its own.'),
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

/** The documented error for anything thrown; what is not documented is an internal error. */
function toServiceError (thrown: FastifyError, request: FastifyRequest, config: Config): ServiceError {
  if (thrown instanceof ServiceError) return thrown
  const options = { cause: thrown }
  if (thrown.validation !== undefined) return new ServiceError('invalid_request', explainValidation(thrown, request), options)
  switch (thrown.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE': {
      const received = request.headers['content-type']
      return new ServiceError('unsupported_media', `Expected multipart/form-data or an image (${config.imageFormats}), got ${received === undefined ? 'none' : quote(received)}.`, options)
    }
  }
  if (thrown.statusCode !== undefined && thrown.statusCode < 500) {
    return new ServiceError('invalid_request', 'Expected a request as the documentation describes, got another.', options)
  }
  return new ServiceError('internal_error', 'Something went wrong on our side; the request id finds it in the log.', options)
}

/** Describes the first error of the query. */
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
