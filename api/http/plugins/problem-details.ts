/** Whatever goes wrong becomes application/problem+json (RFC 9457) with a stable code; causes go to the log, never to the client. */
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
    // What is wrong with its body does not matter where there is no route.
    if (request.is404 && !(thrown instanceof ServiceError) && (thrown.statusCode ?? 500) < 500) return rejectUnknownRoute(request, reply)
    const error = toServiceError(thrown, request, config)
    if (error.code === 'internal_error') request.log.error({ err: thrown }, 'request failed')
    else if (error.cause !== undefined) request.log.debug({ err: error.cause }, 'request refused')
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

/** For what fails before there is a route: a path that is no path. */
export function handleFrameworkError (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  request.server.awaitRequestEnd(request, reply)
  reply.headers({ 'x-request-id': request.id, ...securityHeaders })
  sendProblem(request, reply, new ServiceError('invalid_request', 'Expected a valid path in the request.', { cause: error }))
}

/**
 * For bytes that are no HTTP request, or one that does not arrive: one response at most, then the connection ends.
 * A request that is in flight gets it, as its body or what follows it cannot be told from another request.
 */
export function handleClientError (this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
  if (isEnding(socket)) return // the parser complains again, about what is being discarded
  // Node's own handler looks here, too.
  const { _httpMessage: response, parser } = socket as NodeSocket
  if (error.code === 'ECONNRESET' || !socket.writable || response?.headersSent === true) {
    socket.destroy()
    return
  }
  const problem = clientErrors[error.code ?? ''] ?? notHttp
  if (response == null) {
    // A request that was answered before its end has its response, whatever becomes of its body.
    if (parser?.incoming?.complete !== false) rejectConnection(this, problem, error, socket)
    // Who has sent nothing for so long sends no more.
    if (problem.code !== 'request_timeout') lingerFor(socket, socket)
    socket.destroySoon()
    return
  }
  response.shouldKeepAlive = false
  abortRequest(response.req, problem)
  lingerFor(socket, socket)
}

/** What Node's HTTP server has on it: the response whose turn it is, and the request that is read or was last. */
type NodeSocket = Socket & { _httpMessage?: ServerResponse | null, parser?: { incoming?: IncomingMessage | null } | null }

/** Writes the response by hand, as there is no request to answer. */
function rejectConnection (app: FastifyInstance, error: ServiceError, { code: reason }: NodeJS.ErrnoException, socket: Socket): void {
  const problem = toProblem(error, randomUUID())
  app.log.info({ requestId: problem.requestId, status: problem.status, code: problem.code, reason }, 'refused')
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

const notHttp = new ServiceError('invalid_request', 'Expected an HTTP/1.1 request, got something that is none.')

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

/** The documented error for whatever was thrown. What nobody foresaw is an internal error. */
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
