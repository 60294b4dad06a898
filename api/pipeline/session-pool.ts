/** The main thread's handle to the session workers: starts them, tests them, feeds them from the queue, replaces those that die. */
import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { ModelError, type Manifest } from '../../models/manifest.ts'
import { selfTestDeviation, selfTestPixels, selfTestTolerance } from '../../models/self-test.ts'
import { ServiceError } from '../errors.ts'
import type { BatchQueue } from './batch-queue.ts'
import type { RunAnswer, RunRequest, SessionWorkerData } from './session-worker.ts'

export interface SessionPoolOptions {
  readonly graph: Buffer
  readonly manifest: Manifest
  readonly workers: number
  readonly intraOpNumThreads: number
  readonly onWorkerDeath: (error: Error) => void
}

/** Pixels of one image, uint8 [cropSize, cropSize, 3] -> its logits, float32 [classes]. */
export type ImageQueue = BatchQueue<Uint8Array, Float32Array>

/** The source's extension or the build's: the worker is started by its file. */
const workerFile = new URL(`./session-worker${extname(import.meta.url)}`, import.meta.url)

const restartDelayMs = 100

export class SessionPool {
  readonly #queue: ImageQueue
  readonly #options: SessionPoolOptions
  readonly #workerData: SessionWorkerData
  readonly #workers = new Set<Worker>()
  #isClosing = false

  constructor (queue: ImageQueue, options: SessionPoolOptions) {
    this.#queue = queue
    this.#options = options
    const graph = new Uint8Array(new SharedArrayBuffer(options.graph.length))
    graph.set(options.graph)
    const { cropSize } = options.manifest.preprocessing
    this.#workerData = { graph, intraOpNumThreads: options.intraOpNumThreads, cropSize }
  }

  /** Workers whose session has passed the self-test. */
  get size (): number {
    return this.#workers.size
  }

  /**
   * Starts the workers one after another: onnxruntime-node does not survive being loaded by several threads at once.
   * Each serves the queue as soon as it has given the self-test's recorded answer.
   *
   * @throws ModelError if a session cannot be made of the graph or answers the self-test otherwise.
   */
  async start (): Promise<void> {
    for (let i = 0; i < this.#options.workers && !this.#isClosing; i++) await this.#startWorker()
  }

  /** Ends the workers, each after the batch that it runs. */
  async close (): Promise<void> {
    this.#isClosing = true
    await Promise.all([...this.#workers].map((worker) => worker.terminate()))
  }

  async #startWorker (): Promise<void> {
    const worker = new Worker(workerFile, { workerData: this.#workerData })
    const gone = new AbortController()
    let death: Error | undefined
    worker.on('error', (error) => { death = error as Error })
    worker.once('exit', () => gone.abort())
    try {
      await once(worker, 'message', { signal: gone.signal }) // created
      await this.#checkSelfTest(worker)
    } catch (cause) {
      await worker.terminate()
      if (this.#isClosing || cause instanceof ModelError) throw cause
      throw new ModelError(`No session can be made of the graph of ${this.#options.manifest.name}: ${String(death ?? cause)}`, { cause })
    }
    if (this.#isClosing) {
      await worker.terminate()
      return
    }
    this.#workers.add(worker)
    worker.once('exit', (exitCode) => {
      this.#workers.delete(worker)
      if (this.#isClosing) return
      this.#options.onWorkerDeath(death ?? new Error(`A session worker ended with exit code ${exitCode}.`))
      this.#replace()
    })
    this.#queue.addRunner((images) => this.#run(worker, images), gone.signal)
  }

  #replace (): void {
    this.#startWorker().catch((error: Error) => {
      if (this.#isClosing) return
      this.#options.onWorkerDeath(error)
      setTimeout(() => this.#replace(), restartDelayMs)
    })
  }

  async #checkSelfTest (worker: Worker): Promise<void> {
    const { manifest } = this.#options
    const [logits] = await this.#run(worker, [selfTestPixels(manifest.preprocessing.cropSize)])
    const deviation = selfTestDeviation(manifest.selfTest, logits!)
    if (deviation > selfTestTolerance) {
      throw new ModelError(
        `The self-test of ${manifest.name} deviates by ${deviation.toExponential(1)} from its recorded answer, expected at most ${selfTestTolerance}.`)
    }
  }

  async #run (worker: Worker, images: readonly Uint8Array[]): Promise<Float32Array[]> {
    const { preprocessing: { cropSize }, classes } = this.#options.manifest
    const imageLength = cropSize * cropSize * 3
    const pixels = new Uint8Array(images.length * imageLength)
    for (const [i, image] of images.entries()) pixels.set(image, i * imageLength)

    const answer = await new Promise<RunAnswer>((resolve, reject) => {
      const settle = (): void => {
        worker.off('message', onMessage)
        worker.off('exit', onExit)
      }
      const onMessage = (message: RunAnswer): void => {
        settle()
        resolve(message)
      }
      const onExit = (): void => {
        settle()
        reject(inferenceFailed('its session ended'))
      }
      worker.on('message', onMessage)
      worker.on('exit', onExit)
      worker.postMessage({ pixels, batchSize: images.length } satisfies RunRequest, [pixels.buffer])
    })
    if ('error' in answer) throw inferenceFailed(answer.error)
    return images.map((_, i) => answer.logits.subarray(i * classes, (i + 1) * classes))
  }
}

function inferenceFailed (cause: string): ServiceError {
  return new ServiceError('inference_failed', 'The model stopped while it ran this image; try again.', { cause })
}
