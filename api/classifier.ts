/** Image bytes -> labels. The one place that knows the order of the pipeline: admission, preprocess, queue, session, postprocess. */
import { EventEmitter } from 'node:events'
import { performance } from 'node:perf_hooks'
import PQueue from 'p-queue'
import { ClientShare } from './client-share.ts'
import { DrainRate } from './drain-rate.ts'
import { ServiceError } from './errors.ts'
import { describeDevice, type ExecutionProvider } from './execution-provider/execution-provider.ts'
import type { LoadedModel } from './load-model.ts'
import { batchBuckets } from './pipeline/batch-buckets.ts'
import { BatchQueue, type Batch } from './pipeline/batch-queue.ts'
import { postprocess, type Prediction } from './pipeline/postprocess.ts'
import { findPlainJpeg } from './pipeline/plain-jpeg.ts'
import { preprocess, type PreprocessOptions } from './pipeline/preprocess.ts'
import { NotDecoded, type Inference, type ModelInput } from './pipeline/session.ts'
import { SessionPool, type ImageQueue } from './pipeline/session-pool.ts'
import { Pixels, type Image, type Upload } from './pipeline/upload.ts'
import type { Selection } from './schemas/classification.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface ClassifierOptions extends Omit<PreprocessOptions, 'preprocessing'> {
  readonly model: LoadedModel
  readonly executionProvider: ExecutionProvider
  readonly workers: number
  readonly intraOpNumThreads: number
  /** Images decoded at the same time, beside those that sessions decode. */
  readonly decodeConcurrency: number
  /** Whether sessions decode the photos that they can. */
  readonly sessionsDecode: boolean
  readonly maxBatchSize: number
  readonly maxQueueDelayMs: number
  /** Images in work, decoding to running, above which requests are refused. */
  readonly maxQueueSize: number
  /** Images in work for one client, above which its requests are refused; 0 for no such limit. */
  readonly maxClientImages: number
  readonly onWorkerDeath: (error: Error) => void
}

/** Milliseconds of each stage; of several images in one request, the slowest. */
export interface StageTimes { decode: number, queue: number, run: number, post: number }

/** One stage of one image, successful or not. Times are in ms since the process began. */
export interface StageReport {
  readonly stage: 'read' | keyof StageTimes
  readonly startedAt: number
  readonly endedAt: number
  /** In which the image ran. */
  readonly batch?: Batch
}

/** What happens in the pipeline beside the requests, for whoever counts it. */
export interface ClassifierEvents {
  /** Also those of requests that have ended meanwhile. */
  stage: [StageReport]
  /** With the time from its start to that of the network, in which its photos were decoded. */
  batch: [Batch & { readonly decodedMs: number }]
  workerDeath: [Error]
}

/** When a start came how far, in ms since the process began. */
export interface StartTimes {
  /** The model was loaded. */
  readonly load: number
  /** The first session served the queue. */
  session?: number
  /** All did. */
  ready?: number
}

/** What is going on at this moment. */
export interface Load {
  readonly imagesInWork: number
  readonly decodesRunning: number
  readonly decodesWaiting: number
  /** Images that wait for a session. */
  readonly queueDepth: number
  readonly workersAlive: number
}

export interface ClassifyOptions {
  /** Who asks; its images count for its share until their work has really ended. */
  readonly client?: string
  /** Told of each stage of each image as soon as it has ended, which for what cannot be stopped may be after the request. */
  readonly onStage?: (report: StageReport) => void
}

export interface Classification<Result = Prediction[]> {
  /** One an image, in order: what was made of its logits, or why there are none. */
  readonly results: ReadonlyArray<Result | ServiceError>
  readonly times: StageTimes
  /** Largest batch in which one of the images ran; 0 if none did. */
  readonly batchSize: number
}

export class Classifier {
  readonly model: LoadedModel
  readonly events = new EventEmitter<ClassifierEvents>()
  readonly startTimes: StartTimes = { load: performance.now() }
  readonly #options: ClassifierOptions
  readonly #preprocessOptions: PreprocessOptions
  readonly #decoding: PQueue
  readonly #queue: ImageQueue
  readonly #sessions: SessionPool
  readonly #drainRate = new DrainRate()
  readonly #clients: ClientShare
  #inWork = 0
  #isReady = false
  #isClosing = false

  constructor (options: ClassifierOptions) {
    const { model, decodeConcurrency, maxBatchSize, maxQueueDelayMs } = options
    this.model = model
    this.#options = options
    this.#clients = new ClientShare(options.maxClientImages)
    this.#decoding = new PQueue({ concurrency: decodeConcurrency })
    this.#preprocessOptions = { ...options, preprocessing: model.manifest.preprocessing }
    this.#queue = new BatchQueue<ModelInput, Inference>({
      maxBatchSize,
      maxQueueDelayMs,
      onBatch: (batch, results) => {
        const ran = results.find((result): result is Inference => !(result instanceof Error))
        this.events.emit('batch', { ...batch, decodedMs: ran?.decodedMs ?? 0 })
      },
    })
    this.#sessions = new SessionPool(this.#queue, {
      ...options,
      ...model,
      batchBuckets: batchBuckets(options.executionProvider, maxBatchSize),
      onWorkerStart: () => { this.startTimes.session ??= performance.now() },
      onWorkerDeath: (error) => {
        this.events.emit('workerDeath', error)
        options.onWorkerDeath(error)
      },
    })
  }

  /** Sessions that live and have passed the self-test. */
  get workers (): number {
    return this.#sessions.size
  }

  get executionProvider (): ExecutionProvider {
    return this.#options.executionProvider
  }

  /** What runs the graph, for people. */
  get device (): string {
    return describeDevice(this.executionProvider)
  }

  /** Most images in one batch. */
  get maxBatchSize (): number {
    return this.#options.maxBatchSize
  }

  /** Most images in work. */
  get maxQueueSize (): number {
    return this.#options.maxQueueSize
  }

  /** Images admitted and not yet answered. */
  get inWork (): number {
    return this.#inWork
  }

  get load (): Load {
    return {
      imagesInWork: this.#inWork,
      decodesRunning: this.#decoding.pending,
      decodesWaiting: this.#decoding.size,
      queueDepth: this.#queue.size,
      workersAlive: this.#sessions.size,
    }
  }

  /** All sessions were made and gave the recorded answer, and at least one is alive. */
  get isReady (): boolean {
    return this.#isReady && !this.#isClosing && this.#sessions.size > 0
  }

  /** @throws ModelError if the model cannot be run or gives another answer than when it was built. */
  async start (): Promise<void> {
    await this.#sessions.start()
    this.#isReady = true
    this.startTimes.ready = performance.now()
  }

  /** Refuses new work and ends the sessions; what waits or runs is given up. */
  async close (): Promise<void> {
    this.#isClosing = true
    this.#queue.close(new ServiceError('shutting_down', 'The service shut down before this image was run; try again on another instance.'))
    await this.#sessions.close()
  }

  /** The selected classes of each image; otherwise as `infer`. */
  async classify (uploads: readonly Upload[], { topK, minScore }: Selection, signal: AbortSignal): Promise<Classification> {
    return await this.infer(uploads, (logits) => postprocess(logits, this.model, topK, minScore), signal)
  }

  /**
   * Runs the images of one request. An image that fails takes none of the others with it.
   *
   * @param finish - Makes an image's result of its logits, float32 [classes].
   * @param signal - Aborted when nobody waits any more; images not yet running are then dropped, and the signal's reason is thrown.
   * @throws `queue_full` or `too_many_requests` before any work is done, `shutting_down`, or the signal's reason.
   */
  async infer<Result> (
    uploads: readonly Upload[], finish: (logits: Float32Array) => Result, signal: AbortSignal,
    { client, onStage = () => {} }: ClassifyOptions = {}
  ): Promise<Classification<Result>> {
    signal.throwIfAborted()
    this.#admit(uploads.filter((upload) => !(upload instanceof ServiceError)).length, client)
    const times: StageTimes = { decode: 0, queue: 0, run: 0, post: 0 }
    let largestBatch = 0
    const report = (ended: StageReport & { stage: keyof StageTimes }): void => {
      times[ended.stage] = Math.max(times[ended.stage], ended.endedAt - ended.startedAt)
      onStage(ended)
      this.events.emit('stage', ended)
    }
    const timed = async <Value>(stage: keyof StageTimes, work: () => Promise<Value> | Value): Promise<Value> => {
      const startedAt = performance.now()
      try {
        return await work()
      } finally {
        report({ stage, startedAt, endedAt: performance.now() })
      }
    }
    const run = async (input: ModelInput): Promise<Result> => {
      const queuedAt = performance.now()
      const { result: { logits, decoding, decodedMs }, batch } = await this.#queue.enqueue(input, signal).catch((error: unknown) => {
        // One that could not be decoded comes again.
        if (!(error instanceof NotDecoded)) report({ stage: 'queue', startedAt: queuedAt, endedAt: performance.now() })
        throw error
      })
      const inBatch = (ms: number): number => batch.startedAt + ms
      // Pixels wait for the photos of their batch.
      report({ stage: 'queue', startedAt: queuedAt, endedAt: inBatch(decoding?.startMs ?? decodedMs), batch })
      if (decoding !== undefined) report({ stage: 'decode', startedAt: inBatch(decoding.startMs), endedAt: inBatch(decoding.endMs), batch })
      report({ stage: 'run', startedAt: inBatch(decodedMs), endedAt: batch.endedAt, batch })
      largestBatch = Math.max(largestBatch, batch.size)
      return await timed('post', () => finish(logits))
    }
    const inferOne = async (image: Image): Promise<Result> => {
      if (image instanceof Pixels) return await run(image.data)
      const plain = this.#options.sessionsDecode ? findPlainJpeg(image, this.#preprocessOptions) : undefined
      const result = plain && await run(plain).catch((error: unknown) => {
        if (!(error instanceof NotDecoded)) throw error
      })
      return result ?? await run(await timed('decode', () => this.#decode(image, signal)))
    }
    const outcomes = await unlessAborted(signal, Promise.allSettled(uploads.map(async (upload) => {
      if (upload instanceof ServiceError) throw upload
      // In work until its decode has really ended, which nothing can hasten, whether or not somebody still waits.
      return await inferOne(upload).finally(() => this.#dismiss(client))
    })))
    const results = outcomes.map((outcome) => {
      if (outcome.status === 'fulfilled') return outcome.value
      if (outcome.reason instanceof ServiceError) return outcome.reason
      throw outcome.reason // nobody foresaw it, so nothing can be said about this image alone
    })
    return { results, times, batchSize: largestBatch }
  }

  /**
   * Why so many images would be too much now, if they would; before any work is done.
   *
   * @param images - 0 asks whether there is room at all.
   * @param client - Whose share they count for, if anybody's.
   */
  refusal (images: number, client: string | undefined): ServiceError | undefined {
    if (this.#isClosing) return new ServiceError('shutting_down', 'The service is shutting down; try again on another instance.')
    const overShare = client === undefined ? undefined : this.#clients.refusal(client, images)
    const { maxQueueSize } = this.#options
    if (overShare !== undefined || this.#inWork + Math.max(1, images) <= maxQueueSize) return overShare
    const retryAfterSeconds = this.#drainRate.secondsFor(this.#inWork)
    return new ServiceError('queue_full', `The service is at its limit of ${maxQueueSize} images in work; try again later.`, { retryAfterSeconds })
  }

  #admit (images: number, client: string | undefined): void {
    const refusal = this.refusal(images, client)
    if (refusal !== undefined) throw refusal
    if (this.#inWork === 0) this.#drainRate.begin()
    this.#inWork += images
    if (client !== undefined) this.#clients.add(client, images)
  }

  #dismiss (client: string | undefined): void {
    this.#inWork--
    if (client !== undefined) this.#clients.add(client, -1)
    this.#drainRate.count()
  }

  async #decode (bytes: Buffer, signal: AbortSignal): Promise<Uint8Array> {
    return await this.#decoding.add(async () => {
      signal.throwIfAborted()
      return await preprocess(bytes, this.#preprocessOptions, signal)
    })
  }
}
