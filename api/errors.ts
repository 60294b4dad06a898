/** Errors of the service. Codes are stable: clients match on them. */

/** code: [HTTP status, title] */
const problems = {
  empty_body: [400, 'No image in the request'],
  invalid_request: [400, 'Invalid request'],
  malformed_json: [400, 'Malformed JSON body'],
  malformed_multipart: [400, 'Malformed multipart body'],
  unauthorized: [401, 'API key needed'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'Method not allowed'],
  request_timeout: [408, 'Request did not arrive in time'],
  image_too_large: [413, 'Image too large'],
  request_too_large: [413, 'Request too large'],
  too_many_images: [413, 'Too many images'],
  unsupported_media: [415, 'Unsupported media type'],
  corrupt_image: [422, 'Image cannot be decoded'],
  too_many_pixels: [422, 'Image has too many pixels'],
  decode_timeout: [422, 'Image takes too long to decode'],
  too_many_requests: [429, 'Too many images of one client'],
  headers_too_large: [431, 'Headers too large'],
  client_gone: [499, 'Client closed the connection'], // never seen by a client; for the log
  internal_error: [500, 'Internal error'],
  inference_failed: [503, 'Inference failed'],
  memory_exhausted: [503, 'Service out of memory for requests'],
  not_ready: [503, 'Service not ready'],
  queue_full: [503, 'Service overloaded'],
  shutting_down: [503, 'Service shutting down'],
  under_pressure: [503, 'Service under pressure'],
  deadline_exceeded: [504, 'Deadline exceeded'],
} as const satisfies Record<string, readonly [number, string]>

export type ErrorCode = keyof typeof problems

export const errorCodes = Object.keys(problems) as ErrorCode[]

/**
 * A documented rejection or failure. The message is one sentence for the client: what was expected and what was received.
 * It has no stack: that of a rejection is never read, and capturing it costs more than the rest of the rejection.
 */
export class ServiceError implements Error {
  readonly name = 'ServiceError'
  readonly code: ErrorCode
  readonly title: string
  readonly message: string
  readonly cause?: unknown
  /** HTTP status; the name is Fastify's. */
  readonly statusCode: number
  /** Seconds after which to try again, where that is known. */
  readonly retryAfterSeconds: number | undefined

  constructor (
    code: ErrorCode, message: string, { retryAfterSeconds, cause }: ErrorOptions & { readonly retryAfterSeconds?: number | undefined } = {}
  ) {
    this.code = code
    ;[this.statusCode, this.title] = problems[code]
    this.message = message
    if (cause !== undefined) this.cause = cause
    this.retryAfterSeconds = retryAfterSeconds
  }
}
Object.setPrototypeOf(ServiceError.prototype, Error.prototype)

/** The error of a whole request that is due to its images: the problem of the first, and those of all. */
export class FailedImagesError extends ServiceError {
  readonly errors: readonly [ServiceError, ...ServiceError[]]

  constructor (errors: readonly [ServiceError, ...ServiceError[]]) {
    const [{ code, message, retryAfterSeconds }] = errors
    super(code, message, { retryAfterSeconds })
    this.errors = errors
  }
}
