/** Runs images: admission, decoding, queue, session, postprocessing, in this order. */
import { EventEmitter } from 'node:events'
import { performance } from 'node:perf_hooks'
import PQueue from 'p-queue'
import type { ExecutionProvider } from '../config.ts'
import { ServiceError } from '../errors.ts'
import { Admission, type AdmissionLimits } from './admission.ts'
import { describeDevice } from '../machine/execution-provider/execution-provider.ts'
import type { LoadedModel } from './load-model.ts'
import { batchBuckets } from '../machine/batch-size.ts'
import { BatchQueue, type Batch } from './batch-queue.ts'
import { postprocess, type Prediction, type Selection } from './postprocess.ts'
import { asFastJpeg } from '../images/fast-jpeg.ts'
import { preprocess, type PreprocessOptions } from '../images/preprocess.ts'
import { NotDecoded, type Inference, type ModelInput } from './session.ts'
import { SessionPool, type ImageQueue } from './session-pool.ts'
import { Pixels, type Image, type Upload } from '../images/upload.ts'
import { StageTimer, type StageReport, type StageTimes } from './stage-timer.ts'

export interface ClassifierOptions extends Omit<PreprocessOptions, 'preprocessing'>, AdmissionLimits {
  readonly model: LoadedModel
  readonly executionProvider: ExecutionProvider
  readonly workers: number
  readonly intraOpNumThreads: number
  /** Images decoded at the same time, not counting those that sessions decode. */
  readonly decodeConcurrency: number
  /** Whether sessions decode the JPEGs that they can. */
  readonly sessionsDecode: boolean
  readonly maxBatchSize: number
  readonly maxQueueDelayMs: number
  readonly onWorkerDeath: (error: Error) => void
}

/** Events of the pipeline, for metrics. */
export interface ClassifierEvents {
  /** A stage of an image has ended, also after its request. */
  stage: [StageReport]
  /** A batch has ended. `decodedMs` is the time from its start to that of the network, in which its JPEGs were decoded. */
  batch: [Batch & { readonly decodedMs: number }]
  workerDeath: [Error]
}

/** Milestones of the start, in ms since the process began. */
export interface StartTimes {
  /** The model was loaded. */
  readonly load: number
  /** The first session served the queue. */
  session?: number
  /** All sessions served the queue. */
  ready?: number
}

/** Gauges of the pipeline at one moment. */
export interface Load {
  readonly imagesInFlight: number
  readonly decodesRunning: number
  readonly decodesWaiting: number
  /** Images that wait for a session. */
  readonly queueDepth: number
  readonly workersAlive: number
}

export interface ClassifyOptions {
  /** The images count for the share of this client until their work has really ended. */
  readonly client?: string
  /** Called when a stage of an image has ended; after the request, if the stage could not be stopped. */
  readonly onStage?: (report: StageReport) => void
}

export interface Classification<Result = Prediction[]> {
  /** One result per image, in order: what was made of its logits, or the error in its place. */
  readonly results: ReadonlyArray<Result | ServiceError>
  readonly times: StageTimes
  /** Largest batch in which one of the images ran; 0 if none did. */
  readonly batchSize: number
}

export class Classifier {
  readonly model: LoadedModel
  readonly events = new EventEmitter<ClassifierEvents>()
  readonly startTimes: StartTimes = { load: performance.now() }
  readonly admission: Admission
  readonly #options: ClassifierOptions
  readonly #preprocessOptions: PreprocessOptions
  readonly #decoding: PQueue
  readonly #queue: ImageQueue
  readonly #sessions: SessionPool
  #isReady = false
  #isClosing = false

  constructor (options: ClassifierOptions) {
    const { model, decodeConcurrency, maxBatchSize, maxQueueDelayMs } = options
    this.model = model
    this.admission = new Admission(options)
    this.#options = options
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

  /** Name of the processor or GPU that runs the graph. */
  get device (): string {
    return describeDevice(this.executionProvider)
  }

  get maxBatchSize (): number {
    return this.#options.maxBatchSize
  }

  get maxQueueSize (): number {
    return this.#options.maxQueueSize
  }

  get load (): Load {
    return {
      imagesInFlight: this.admission.inFlight,
      decodesRunning: this.#decoding.pending,
      decodesWaiting: this.#decoding.size,
      queueDepth: this.#queue.size,
      workersAlive: this.#sessions.size,
    }
  }

  /** Whether all sessions were made and gave the recorded logits, and at least one is alive. */
  get isReady (): boolean {
    return this.#isReady && !this.#isClosing && this.#sessions.size > 0
  }

  /** @throws ModelError if the model cannot be run or gives other logits than when it was built. */
  async start (): Promise<void> {
    await this.#sessions.start()
    this.#isReady = true
    this.startTimes.ready = performance.now()
  }

  /** Rejects new images and ends the sessions; waiting and running images fail. */
  async close (): Promise<void> {
    this.#isClosing = true
    this.admission.close()
    this.#queue.close(new ServiceError('shutting_down', 'The service shut down before this image was run; try again on another instance.'))
    await this.#sessions.close()
  }

  /** The selected classes of each image; otherwise as `infer`. */
  async classify (uploads: readonly Upload[], { topK, minScore }: Selection, signal: AbortSignal): Promise<Classification> {
    return await this.infer(uploads, (logits) => postprocess(logits, this.model, topK, minScore), signal)
  }

  /**
   * Runs the images of one request. An image that fails does not affect the others.
   *
   * @param makeResult - Makes an image's result from its logits, float32 [classes].
   * @param signal - Aborted when the results are no longer needed; images that do not run yet are dropped.
   * @throws `queue_full` or `too_many_requests` before any work is done, `shutting_down`, or the signal's reason.
   */
  async infer<Result> (
    uploads: readonly Upload[], makeResult: (logits: Float32Array) => Result, signal: AbortSignal,
    { client, onStage = () => {} }: ClassifyOptions = {}
  ): Promise<Classification<Result>> {
    signal.throwIfAborted()
    const images = uploads.filter((upload) => !(upload instanceof ServiceError))
    this.admission.admit(images.length, client)
    const timer = new StageTimer((report) => {
      onStage(report)
      this.events.emit('stage', report)
    })
    const inferImage = async (image: Image): Promise<Result> => {
      try {
        const logits = await this.#decodeAndRun(image, signal, timer)
        return await timer.time('post', () => makeResult(logits))
      } finally {
        this.admission.release(client) // only now: a decode cannot be stopped when its request ends
      }
    }
    const outcomes = await abortable(signal, Promise.allSettled(uploads.map(async (upload) => {
      if (upload instanceof ServiceError) throw upload
      return await inferImage(upload)
    })))
    return { results: outcomes.map(resultOf), times: timer.times, batchSize: timer.batchSize }
  }

  /** Logits of one image: float32 [classes]. */
  async #decodeAndRun (image: Image, signal: AbortSignal, timer: StageTimer): Promise<Float32Array> {
    if (image instanceof Pixels) return await this.#run(image.data, signal, timer)
    const jpeg = this.#options.sessionsDecode ? asFastJpeg(image, this.#preprocessOptions) : undefined
    if (jpeg !== undefined) {
      try {
        return await this.#run(jpeg, signal, timer)
      } catch (error) {
        if (!(error instanceof NotDecoded)) throw error // libvips decodes what a session cannot
      }
    }
    return await this.#run(await timer.time('decode', () => this.#decode(image, signal)), signal, timer)
  }

  /** Waits in the queue and runs in a batch. */
  async #run (input: ModelInput, signal: AbortSignal, timer: StageTimer): Promise<Float32Array> {
    const queuedAt = performance.now()
    const { result: { logits, decoding, decodedMs }, batch } = await this.#queue.enqueue(input, signal).catch((error: unknown) => {
      // An image that could not be decoded is queued again.
      if (!(error instanceof NotDecoded)) timer.report('queue', queuedAt, performance.now())
      throw error
    })
    const ranAt = batch.startedAt + decodedMs
    // Pixels wait until the JPEGs of their batch are decoded.
    timer.report('queue', queuedAt, decoding === undefined ? ranAt : batch.startedAt + decoding.startMs, batch)
    if (decoding !== undefined) timer.report('decode', batch.startedAt + decoding.startMs, batch.startedAt + decoding.endMs, batch)
    timer.report('run', ranAt, batch.endedAt, batch)
    return logits
  }

  async #decode (bytes: Buffer, signal: AbortSignal): Promise<Uint8Array> {
    return await this.#decoding.add(async () => {
      signal.throwIfAborted()
      return await preprocess(bytes, this.#preprocessOptions, signal)
    })
  }
}

/** The result or the documented error of one image. @throws Any other error, which is a bug and fails the request. */
function resultOf<Result> (outcome: PromiseSettledResult<Result>): Result | ServiceError {
  if (outcome.status === 'fulfilled') return outcome.value
  if (outcome.reason instanceof ServiceError) return outcome.reason
  throw outcome.reason
}

/** Resolves as the promise does, or rejects with the signal's reason if that aborts first. */
async function abortable<Value> (signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  return await new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
