/** Reads the bodies of requests: the only place that listens to their streams, and that ends the reading early. */
import type { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../../errors.ts'
import type { MemoryBudget, Release } from '../../images/memory-budget.ts'
import type { BodyLimit } from '../body-limit.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined outside of the routes that read bodies, and before their `preParsing` hooks. */
    bodyReader: BodyReader
  }
}

/** Gives each request of a scope a reader, whose bytes count among those of all bodies in flight until the response is out. */
export function registerRequestBody (scope: FastifyInstance, budget: MemoryBudget): void {
  scope.decorateRequest('bodyReader', undefined as unknown as BodyReader)
  scope.addHook('preParsing', (request, reply, payload, done) => {
    const reader = new BodyReader(payload, Number(request.headers['content-length']), budget)
    request.bodyReader = reader
    scope.bodyReaders.add(reader)
    reply.raw.once('close', () => {
      scope.bodyReaders.delete(reader)
      reader.release()
    })
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
   * @param body - Never destroyed, not even after an error: that would close the connection under the response.
   * @param declaredBytes - Content-Length; NaN if there is none.
   * @param budget - Bytes of all bodies in flight. A body holds what has arrived of it until `release`.
   */
  constructor (body: Readable, declaredBytes: number, budget: MemoryBudget) {
    this.#body = body
    this.#declaredBytes = declaredBytes
    this.#budget = budget
    // Nobody may be reading any more when the client leaves, and an 'error' event without a listener ends the process.
    body.on('error', () => {})
  }

  /**
   * Passes on each chunk until the body has ended.
   *
   * @param onChunk - What it throws ends the reading.
   * @throws the limit's error, `memory_exhausted`, `client_gone`, or what `fail` was given.
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

  /** The whole body in one piece. Otherwise as `read`. */
  async readAll (limit: BodyLimit): Promise<Buffer> {
    const chunks: Buffer[] = []
    await this.read(limit, (chunk) => { chunks.push(chunk) })
    return Buffer.concat(chunks)
  }

  /** Ends the reading with this error, also one that has not begun yet. */
  fail (error: ServiceError): void {
    this.#failure ??= error
    this.#settle?.(error)
  }

  /** Gives the memory of the body back to the budget. */
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
