/** The main thread's handle to one session worker: starts it, tests it, runs batches on it, and knows when it is gone. */
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

/** The source's extension or the build's: the worker is started by its file. */
export const sessionWorkerFile = new URL(`./session-worker${extname(import.meta.url)}`, import.meta.url)

/** What a session runs: pixels, uint8 [cropSize, cropSize, 3], or a photo that it decodes itself. */
export type ModelInput = Uint8Array | FastJpeg

export interface Inference {
  /** float32 [classes] */
  readonly logits: Float32Array
  /** Of a photo that the session decoded, in ms since its batch began. */
  readonly decoding: Pick<Decoding, 'startMs' | 'endMs'> | undefined
  /** When all photos of its batch were decoded, in ms since it began; 0 if there were none. */
  readonly decodedMs: number
}

/** A session's decoder could not read a photo; libvips has the last word. */
export class NotDecoded extends Error {}

/** A session that failed this often in a row is taken for broken and ended. */
const maxConsecutiveFailures = 3

export class Session {
  readonly #worker: Worker
  readonly #manifest: Manifest
  /** Of the self-test. */
  readonly #tolerance: number
  readonly #batchBuckets: readonly number[]
  readonly #gone = new AbortController()
  /** Of the batch before. */
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
   * A session that has given the self-test's recorded answer, and has run each of the batch buckets once.
   *
   * @throws ModelError if none can be made of the graph, or its answer is another.
   */
  static async start (
    manifest: Manifest, layout: Layout, workerFile: URL, workerData: SessionWorkerData, batchBuckets: readonly number[] = []
  ): Promise<Session> {
    const session = new Session(manifest, layout, workerFile, workerData, batchBuckets)
    try {
      await once(session.#worker, 'message', { signal: session.gone }) // its session has been made
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

  /** Aborted when the worker has ended, for whatever reason, with that as its reason. */
  get gone (): AbortSignal {
    return this.#gone.signal
  }

  /**
   * Ends the worker after what it runs. It is asked, not terminated: a thread that is torn down inside onnxruntime's native code
   * takes the process with it.
   */
  async end (): Promise<void> {
    if (this.gone.aborted) return
    const exit = once(this.#worker, 'exit')
    this.#worker.postMessage('end' satisfies SessionRequest)
    await exit
  }

  /**
   * @returns An image that cannot be run has an error in its place, and the others of its batch are run again without it; one that cannot
   * be decoded has `NotDecoded`.
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
        `The self-test of ${name} deviates by ${deviation.toExponential(1)} from its recorded answer, expected at most ${this.#tolerance}.`)
    }
  }

  /** A GPU compiles kernels for each shape when it first meets it: better before the first request than within one. */
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

  /** @throws RunError if the session refuses the batch, `inference_failed` if the worker dies of it. */
  async #runWorker (images: readonly ModelInput[]): Promise<BatchOutcome> {
    const { cropSize } = this.#manifest.preprocessing
    const imageLength = cropSize * cropSize * 3
    const batchSize = this.#batchBuckets.find((size) => size >= images.length) ?? images.length
    const fileBytes = images.reduce((sum, image) => sum + (image instanceof Uint8Array ? 0 : image.file.length), 0)
    // The same memory for every batch: what a worker thread is given and drops stays for long, as little else makes it collect garbage.
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
    const [answer] = await once(this.#worker, 'message', { signal: this.gone })
      .catch(() => { throw inferenceFailed(this.#death) }) as [RunResponse]
    this.#memory = { pixels: answer.pixels, files: answer.files }
    if ('error' in answer) throw new RunError(answer.error)
    return answer
  }
}

function sufficient (memory: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  return memory.length >= bytes ? memory : new Uint8Array(bytes)
}

/** A photo that cannot be decoded says nothing about the session. */
function isFailure (result: Inference | Error): boolean {
  return result instanceof Error && !(result instanceof NotDecoded)
}

/** The session threw; its worker lives. */
class RunError extends Error {}

function inferenceFailed (cause: Error | undefined): ServiceError {
  return new ServiceError('inference_failed', 'The model stopped while it ran this image; try again.', { cause })
}
