/** Image bytes -> labels. The one place that knows the order of the pipeline: admission, preprocess, queue, session, postprocess. */
import { performance } from 'node:perf_hooks'
import PQueue from 'p-queue'
import { DrainRate } from './drain-rate.ts'
import { ServiceError } from './errors.ts'
import type { LoadedModel } from './load-model.ts'
import { BatchQueue } from './pipeline/batch-queue.ts'
import { postprocess, type Prediction } from './pipeline/postprocess.ts'
import { preprocess, type PreprocessOptions } from './pipeline/preprocess.ts'
import type { Upload } from './pipeline/read-images.ts'
import { SessionPool, type ImageQueue } from './pipeline/session-pool.ts'

export interface ClassifierOptions extends Omit<PreprocessOptions, 'preprocessing'> {
  readonly model: LoadedModel
  readonly workers: number
  readonly intraOpNumThreads: number
  /** Images decoded at the same time. */
  readonly decodeConcurrency: number
  readonly maxBatchSize: number
  readonly maxQueueDelayMs: number
  /** Images in work, decoding to running, above which requests are refused. */
  readonly maxQueueSize: number
  readonly onWorkerDeath: (error: Error) => void
}

/** Milliseconds of each stage; of several images in one request, the slowest. */
export interface StageTimes { decode: number, queue: number, run: number, post: number }

export interface Classification {
  /** One an image, in order: its predictions, or why it has none. */
  readonly results: ReadonlyArray<Prediction[] | ServiceError>
  readonly times: StageTimes
  /** Largest batch in which one of the images ran; 0 if none did. */
  readonly batchSize: number
}

export class Classifier {
  readonly model: LoadedModel
  readonly #options: ClassifierOptions
  readonly #preprocessOptions: PreprocessOptions
  readonly #decoding: PQueue
  readonly #queue: ImageQueue
  readonly #sessions: SessionPool
  readonly #drainRate = new DrainRate()
  #inWork = 0
  #isReady = false
  #isClosing = false

  constructor (options: ClassifierOptions) {
    const { model, decodeConcurrency, maxBatchSize, maxQueueDelayMs } = options
    this.model = model
    this.#options = options
    this.#decoding = new PQueue({ concurrency: decodeConcurrency })
    this.#queue = new BatchQueue({ maxBatchSize, maxQueueDelayMs })
    this.#preprocessOptions = { ...options, preprocessing: model.manifest.preprocessing }
    this.#sessions = new SessionPool(this.#queue, { ...options, ...model })
  }

  /** Sessions that live and have passed the self-test. */
  get workers (): number {
    return this.#sessions.size
  }

  /** Most images in work. */
  get maxQueueSize (): number {
    return this.#options.maxQueueSize
  }

  /** Images admitted and not yet answered. */
  get inWork (): number {
    return this.#inWork
  }

  /** All sessions were made and gave the recorded answer, and at least one is alive. */
  get isReady (): boolean {
    return this.#isReady && !this.#isClosing && this.#sessions.size > 0
  }

  /** @throws ModelError if the model cannot be run or gives another answer than when it was built. */
  async start (): Promise<void> {
    await this.#sessions.start()
    this.#isReady = true
  }

  /** Refuses new work and ends the sessions; what waits or runs is given up. */
  async close (): Promise<void> {
    this.#isClosing = true
    this.#queue.close(new ServiceError('shutting_down', 'The service shut down before this image was run; try again on another instance.'))
    await this.#sessions.close()
  }

  /**
   * Classifies the images of one request. An image that fails takes none of the others with it.
   *
   * @param signal - Aborted when nobody waits any more; images not yet running are then dropped, and the signal's reason is thrown.
   * @throws `queue_full` before any work is done, `shutting_down`, or the signal's reason.
   */
  async classify (uploads: readonly Upload[], topK: number, signal: AbortSignal): Promise<Classification> {
    signal.throwIfAborted()
    this.admit(uploads.filter(Buffer.isBuffer).length)
    const times: StageTimes = { decode: 0, queue: 0, run: 0, post: 0 }
    let largestBatch = 0
    const classifyOne = async (bytes: Buffer): Promise<Prediction[]> => {
      const { pixels, decodeMs } = await this.#decode(bytes, signal)
      const { result: logits, batchSize, queueMs, runMs } = await this.#queue.enqueue(pixels, signal)
      const startedAt = performance.now()
      const predictions = postprocess(logits, this.model.labels, topK)
      const stages: StageTimes = { decode: decodeMs, queue: queueMs, run: runMs, post: performance.now() - startedAt }
      for (const stage of Object.keys(stages) as Array<keyof StageTimes>) times[stage] = Math.max(times[stage], stages[stage])
      largestBatch = Math.max(largestBatch, batchSize)
      return predictions
    }
    const outcomes = await unlessAborted(signal, Promise.allSettled(uploads.map(async (upload) => {
      if (!Buffer.isBuffer(upload)) throw upload
      // In work until its decode has really ended, which nothing can hasten, whether or not somebody still waits.
      return await classifyOne(upload).finally(() => this.#dismiss())
    })))
    const results = outcomes.map((outcome) => {
      if (outcome.status === 'fulfilled') return outcome.value
      if (outcome.reason instanceof ServiceError) return outcome.reason
      throw outcome.reason // nobody foresaw it, so nothing can be said about this image alone
    })
    return { results, times, batchSize: largestBatch }
  }

  /**
   * Refuses what would be too much before any work is done; counts the images as in work otherwise.
   *
   * @param images - 0 asks whether there is room at all.
   */
  admit (images: number): void {
    if (this.#isClosing) throw new ServiceError('shutting_down', 'The service is shutting down; try again on another instance.')
    const { maxQueueSize } = this.#options
    if (this.#inWork + Math.max(1, images) > maxQueueSize) {
      const retryAfterSeconds = this.#drainRate.secondsFor(this.#inWork)
      throw new ServiceError('queue_full', `The service is at its limit of ${maxQueueSize} images in work; try again later.`, { retryAfterSeconds })
    }
    this.#inWork += images
  }

  #dismiss (): void {
    this.#inWork--
    this.#drainRate.count()
  }

  async #decode (bytes: Buffer, signal: AbortSignal): Promise<{ pixels: Uint8Array, decodeMs: number }> {
    const startedAt = performance.now()
    const pixels = await this.#decoding.add(async () => {
      signal.throwIfAborted()
      return await preprocess(bytes, this.#preprocessOptions, signal)
    })
    return { pixels, decodeMs: performance.now() - startedAt }
  }
}

/** The promise's outcome, or the signal's reason if that aborts first. */
async function unlessAborted<Value> (signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  return await new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
