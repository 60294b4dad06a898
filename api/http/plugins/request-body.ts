/** Reading of request bodies: the only place that listens to their streams, bounds them, and ends the reading at the deadline. */
import { setMaxListeners } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import { ServiceError } from '../../errors.ts'
import type { MemoryBudget, Release } from '../../images/memory-budget.ts'
import { imageTooLarge } from '../../images/upload.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Reader of the body; undefined outside of the routes that read bodies, and before their `preParsing` hooks. */
    bodyReader: BodyReader
    /** Signal aborted at the request's deadline, when its client is gone, or when invalid HTTP follows it on the connection. */
    deadline: AbortSignal
  }
}

/** Gives each request of a scope a reader, whose bytes count towards those of all bodies in flight until the response is out. */
export function registerRequestBody (scope: FastifyInstance, budget: MemoryBudget): void {
  scope.decorateRequest('bodyReader', undefined as unknown as BodyReader)
  scope.addHook('preParsing', (request, reply, payload, done) => {
    const reader = new BodyReader(payload, Number(request.headers['content-length']), budget)
    request.bodyReader = reader
    if (!reply.raw.destroyed) {
      scope.bodyReaders.add(reader)
      reply.raw.once('close', () => {
        scope.bodyReaders.delete(reader)
        reader.release()
      })
    }
    done(null, payload)
  })
}

export class BodyReader {
  readonly #body: Readable
  readonly #declaredBytes: number
  readonly #budget: MemoryBudget
  readonly #releases: Release[] = []
  #failure: ServiceError | undefined
  #settle: ((error: ServiceError) => void) | undefined

  /**
   * Creates a reader.
   *
   * @param body - Stream of the body. Never destroyed, not even after an error: that would close the connection under the response.
   * @param declaredBytes - Content-Length; NaN if there is none.
   * @param budget - Memory for all bodies in flight. A body holds what has arrived of it until `release`.
   */
  constructor (body: Readable, declaredBytes: number, budget: MemoryBudget) {
    this.#body = body
    this.#declaredBytes = declaredBytes
    this.#budget = budget
    // The body may not be read any more when the client leaves, and an 'error' event without a listener ends the process.
    body.on('error', () => {})
  }

  /**
   * Passes on each chunk until the body has ended.
   *
   * @param onChunk - Called with each chunk; an error that it throws ends the reading.
   * @throws The limit's error, `memory_exhausted`, `client_gone`, or the error given to `fail`.
   */
  async read ({ maxBytes, tooLarge }: BodyLimit, onChunk: (chunk: Buffer) => void): Promise<void> {
    if (this.#declaredBytes > maxBytes) throw tooLarge(maxBytes)
    if (this.#failure !== undefined) throw this.#failure
    const body = this.#body
    let receivedBytes = 0
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: unknown): void => {
        body.off('data', onData).off('end', settle).off('close', onClose)
        this.#settle = undefined
        if (error === undefined) resolve()
        else reject(error)
      }
      const onData = (chunk: Buffer): void => {
        try {
          receivedBytes += chunk.length
          if (receivedBytes > maxBytes) throw tooLarge(maxBytes)
          this.#take(chunk.length)
          onChunk(chunk)
        } catch (error) {
          settle(error)
        }
      }
      const onClose = (): void => settle(new ServiceError('client_gone', 'Expected the rest of the body, but the connection was closed.'))
      this.#settle = settle
      if (body.destroyed) onClose()
      else body.on('data', onData).on('end', settle).on('close', onClose)
    })
  }

  /** Reads the whole body in one piece. @throws As `read`. */
  async readAll (limit: BodyLimit): Promise<Buffer> {
    const chunks: Buffer[] = []
    await this.read(limit, (chunk) => { chunks.push(chunk) })
    return Buffer.concat(chunks)
  }

  /** Ends the reading with this error, even before it has begun. */
  fail (error: ServiceError): void {
    this.#failure ??= error
    this.#settle?.(error)
  }

  /** Returns the memory of the body to the budget. */
  release (): void {
    for (const release of this.#releases.splice(0)) release()
  }

  #take (bytes: number): void {
    const release = this.#budget.tryTake(bytes)
    if (release === undefined) {
      throw new ServiceError('memory_exhausted', `Expected room for the request among ${this.#budget.totalBytes} bytes of bodies in flight; try again later.`)
    }
    this.#releases.push(release)
  }
}

/** Registers deadlines for the routes of a scope with a `bodyReader`. A body that is late gets `request_timeout`. */
export function registerRequestDeadline (scope: FastifyInstance, { requestTimeoutMs }: Config): void {
  scope.decorateRequest('deadline', null as unknown as AbortSignal)
  scope.addHook('preParsing', async (request, reply) => {
    const timeoutMs = timeoutOf(request, requestTimeoutMs)
    const signal = requestSignal(request.raw, reply, timeoutMs)
    request.deadline = signal
    const endReading = (): void => {
      const reason = signal.reason as ServiceError
      if (reason.code !== 'deadline_exceeded') request.bodyReader.fail(reason)
      else if (!request.raw.complete) request.bodyReader.fail(notArrived(timeoutMs))
    }
    if (signal.aborted) endReading()
    else signal.addEventListener('abort', endReading, { once: true })
  })
}

function notArrived (timeoutMs: number): ServiceError {
  return new ServiceError('request_timeout', `Expected the whole request within ${timeoutMs} ms, but it did not arrive.`)
}

/** Deadline of a request in ms: the client may set an earlier one than the service's, never a later one. */
function timeoutOf ({ headers }: FastifyRequest, requestTimeoutMs: number): number {
  const requested = headers['x-request-timeout-ms']
  if (requested === undefined) return requestTimeoutMs
  if (typeof requested === 'string' && /^[1-9]\d{0,8}$/.test(requested)) return Math.min(Number(requested), requestTimeoutMs)
  throw new ServiceError('invalid_request', `Expected x-request-timeout-ms to be a whole number of milliseconds, got ${JSON.stringify(requested).slice(0, 100)}.`)
}

interface Abortion { reason?: ServiceError, abort?: (reason: ServiceError) => void }

const abortions = new WeakMap<IncomingMessage, Abortion>()

/**
 * A signal that is aborted when the request can no longer succeed: with `deadline_exceeded` at `timeoutMs` after its arrival, with
 * `client_gone` when the connection closes before the response is out, or with the error given to `abortRequest`.
 */
function requestSignal (raw: IncomingMessage, reply: FastifyReply, timeoutMs: number): AbortSignal {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal) // one per image; they end with the request
  const timer = setTimeout(() => {
    controller.abort(new ServiceError('deadline_exceeded', `Expected to respond within ${timeoutMs} ms, but the image was still waiting.`))
  }, Math.max(0, timeoutMs - reply.elapsedTime))
  const onClose = (): void => {
    clearTimeout(timer)
    if (!reply.raw.writableFinished) controller.abort(new ServiceError('client_gone', 'The client closed the connection.'))
  }
  if (reply.raw.destroyed) onClose()
  else reply.raw.once('close', onClose)
  const { reason } = abortions.get(raw) ?? {}
  if (reason !== undefined) controller.abort(reason)
  abortions.set(raw, { abort: (error) => controller.abort(error) })
  return controller.signal
}

/** Ends a request with this error, if it has a signal or gets one, and has no response yet. */
export function abortRequest (raw: IncomingMessage, reason: ServiceError): void {
  const { abort } = abortions.get(raw) ?? {}
  if (abort === undefined) abortions.set(raw, { reason })
  else abort(reason)
}

export interface BodyLimit {
  readonly maxBytes: number
  readonly tooLarge: (maxBytes: number) => ServiceError
}

export function imageLimit ({ maxImageBytes }: Pick<Config, 'maxImageBytes'>): BodyLimit {
  return { maxBytes: maxImageBytes, tooLarge: imageTooLarge }
}

export function requestLimit ({ maxRequestBytes }: Pick<Config, 'maxRequestBytes'>): BodyLimit {
  return { maxBytes: maxRequestBytes, tooLarge: requestTooLarge }
}

/** Limit of a body of this type. */
export function bodyLimit (contentType: string, config: Config): BodyLimit {
  return /^\s*(image\/|application\/x-image\b)/i.test(contentType) ? imageLimit(config) : requestLimit(config)
}

function requestTooLarge (maxBytes: number): ServiceError {
  return new ServiceError('request_too_large', `Expected a body of at most ${maxBytes} bytes, got more.`)
}
