/** The main thread's handle of one session worker: starts it, tests it, runs batches on it, and notices its end. */
import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import '../../models/onnx/no-telemetry.ts'
import { type Manifest } from '../../models/manifest/manifest.ts'
import type { Layout } from '../../models/onnx/layout.ts'
import { ModelError } from '../../models/manifest/model-error.ts'
import { selfTestDeviation, selfTestPixels, selfTestTolerance } from '../../models/manifest/self-test.ts'
import { ServiceError } from '../errors.ts'
import { computesInTf32 } from '../machine/execution-provider/execution-provider.ts'
import type { FastJpeg } from '../images/fast-jpeg.ts'
import type { BatchMemory, BatchOutcome, Decoding, EncodedImage, RunResponse, SessionRequest, SessionWorkerData } from './session-worker.ts'

/** Extension of the sources or of the build: the worker is started by its file. */
export const sessionWorkerFile = new URL(`./session-worker${extname(import.meta.url)}`, import.meta.url)

/** Input of a session: pixels, uint8 [cropSize, cropSize, 3], or a JPEG that it decodes itself. */
export type ModelInput = Uint8Array | FastJpeg

export interface Inference {
  /** Logits: float32 [classes]. */
  readonly logits: Float32Array
  /** Times of the decoding, if the session decoded the image, in ms since its batch began. */
  readonly decoding: Pick<Decoding, 'startMs' | 'endMs'> | undefined
  /** Time at which all images of the batch were decoded, in ms since it began; 0 if there was none to decode. */
  readonly decodedMs: number
}

/** Error of an image that the session's decoder could not decode; libvips tries next. */
export class NotDecoded extends Error {}

/** Failures in a row after which a session is considered broken and ended. */
const maxConsecutiveFailures = 3

export class Session {
  readonly #worker: Worker
  readonly #manifest: Manifest
  /** Largest accepted deviation of a self-test logit, relative to the largest one. */
  readonly #tolerance: number
  readonly #batchBuckets: readonly number[]
  readonly #gone = new AbortController()
  /** Buffers returned by the previous batch, reused for the next one. */
  #memory: BatchMemory = { pixels: new Uint8Array(), files: new Uint8Array() }
  #death: Error | undefined
  #consecutiveFailures = 0

  private constructor (
    manifest: Manifest, layout: Layout, workerFile: URL, workerData: SessionWorkerData, batchBuckets: readonly number[]
  ) {
    this.#manifest = manifest
    this.#tolerance = selfTestTolerance(layout, computesInTf32(workerData.executionProvider))
    this.#batchBuckets = batchBuckets
    this.#worker = new Worker(workerFile, { workerData })
    this.#worker.on('error', (error) => { this.#death = error as Error })
    this.#worker.once('exit', (exitCode) => {
      this.#death ??= new Error(`A session worker ended with exit code ${exitCode}.`)
      this.#gone.abort(this.#death)
    })
  }

  /**
   * Starts a session that has passed the self-test and has run each of the batch buckets once.
   *
   * @throws ModelError if none can be made from the graph, or its logits differ from the recorded ones.
   */
  static async start (
    manifest: Manifest, layout: Layout, workerFile: URL, workerData: SessionWorkerData, batchBuckets: readonly number[] = []
  ): Promise<Session> {
    const session = new Session(manifest, layout, workerFile, workerData, batchBuckets)
    try {
      await once(session.#worker, 'message', { signal: session.gone }) // the worker has made its session
      await session.#checkSelfTest()
      await session.#warmUp()
      session.gone.throwIfAborted()
      return session
    } catch (cause) {
      const reason = session.#death ?? cause
      await session.end()
      if (cause instanceof ModelError) throw cause
      throw new ModelError(`No session can be made of the graph of ${manifest.name}: ${String(reason)}`, { cause })
    }
  }

  /** Aborted when the worker has ended for any cause, which is the signal's reason. */
  get gone (): AbortSignal {
    return this.#gone.signal
  }

  /**
   * Ends the worker after its current batch. It gets a message instead of being terminated: a thread that is torn down inside
   * onnxruntime's native code takes the process with it.
   */
  async end (): Promise<void> {
    if (this.gone.aborted) return
    const exit = once(this.#worker, 'exit')
    this.#worker.postMessage('end' satisfies SessionRequest)
    await exit
  }

  /**
   * Runs a batch.
   *
   * @returns One result per image, in order: logits, float32 [classes], views of the batch's [N, classes]. An image that cannot be
   * run has an error in its place, and the others are run again without it; one that cannot be decoded has `NotDecoded`.
   * @throws `inference_failed` if the worker dies of the batch.
   */
  async run (images: readonly ModelInput[]): Promise<Array<Inference | Error>> {
    const results = await this.#runSeparatingFailures(images)
    this.#consecutiveFailures = results.every(isFailure) ? this.#consecutiveFailures + 1 : 0
    if (this.#consecutiveFailures === maxConsecutiveFailures) {
      this.#death = new Error(`A session failed ${maxConsecutiveFailures} times in a row.`, { cause: results[0] })
      await this.end()
    }
    return results
  }

  async #runSeparatingFailures (images: readonly ModelInput[]): Promise<Array<Inference | Error>> {
    try {
      return await this.#runBatch(images)
    } catch (error) {
      if (!(error instanceof RunError)) throw error
      if (images.length === 1) return [inferenceFailed(error)]
      const results: Array<Inference | Error> = []
      for (const image of images) results.push(...await this.#runSeparatingFailures([image]))
      return results
    }
  }

  async #checkSelfTest (): Promise<void> {
    const { name, preprocessing: { cropSize }, selfTest } = this.#manifest
    const { logits } = await this.#runWorker([selfTestPixels(cropSize)])
    const deviation = selfTestDeviation(selfTest, logits)
    if (deviation > this.#tolerance) {
      throw new ModelError(
        `The self-test of ${name} deviates by ${deviation.toExponential(1)} from its recorded logits, expected at most ${this.#tolerance}.`)
    }
  }

  /** Runs each batch bucket once: a GPU compiles kernels when it first meets a shape, which no request should wait for. */
  async #warmUp (): Promise<void> {
    const pixels = selfTestPixels(this.#manifest.preprocessing.cropSize)
    for (const size of this.#batchBuckets) await this.#runWorker(Array<Uint8Array>(size).fill(pixels))
  }

  async #runBatch (images: readonly ModelInput[]): Promise<Array<Inference | NotDecoded>> {
    const { logits, decodings } = await this.#runWorker(images)
    const { classes } = this.#manifest
    const decodedMs = decodings.at(-1)?.endMs ?? 0
    return images.map((_, i) => {
      const decoding = decodings.find(({ index }) => index === i)
      if (decoding?.isDecoded === false) return new NotDecoded()
      return { logits: logits.subarray(i * classes, (i + 1) * classes), decoding, decodedMs }
    })
  }

  /**
   * Packs a batch, pixels into their slots and files one after another, and runs it on the worker.
   *
   * @throws RunError if the session rejects the batch, `inference_failed` if the worker dies of it.
   */
  async #runWorker (images: readonly ModelInput[]): Promise<BatchOutcome> {
    const { cropSize } = this.#manifest.preprocessing
    const imageLength = cropSize * cropSize * 3
    const batchSize = this.#batchBuckets.find((size) => size >= images.length) ?? images.length
    const fileBytes = images.reduce((sum, image) => sum + (image instanceof Uint8Array ? 0 : image.file.length), 0)
    // The same memory for every batch: a worker thread rarely collects garbage, so new memory would stay allocated for long.
    const pixels = sufficient(this.#memory.pixels, batchSize * imageLength)
    const files = sufficient(this.#memory.files, fileBytes)
    const encoded: EncodedImage[] = []
    let end = 0
    for (const [index, image] of images.entries()) {
      if (image instanceof Uint8Array) {
        pixels.set(image, index * imageLength)
        continue
      }
      const { file, rows, columns } = image
      const start = end
      end += file.length
      files.set(file, start)
      encoded.push({ index, start, end, rows, columns })
    }
    pixels.fill(0, images.length * imageLength, batchSize * imageLength)

    this.#worker.postMessage({ pixels, files, batchSize, encoded } satisfies SessionRequest, [pixels.buffer, files.buffer])
    const [response] = await once(this.#worker, 'message', { signal: this.gone })
      .catch(() => { throw inferenceFailed(this.#death) }) as [RunResponse]
    this.#memory = { pixels: response.pixels, files: response.files }
    if ('error' in response) throw new RunError(response.error)
    return response
  }
}

function sufficient (memory: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  return memory.length >= bytes ? memory : new Uint8Array(bytes)
}

/** Whether a result counts against the session; an image that cannot be decoded does not. */
function isFailure (result: Inference | Error): boolean {
  return result instanceof Error && !(result instanceof NotDecoded)
}

/** Error that the session threw; its worker lives. */
class RunError extends Error {}

function inferenceFailed (cause: Error | undefined): ServiceError {
  return new ServiceError('inference_failed', 'The model stopped while it ran this image; try again.', { cause })
}
