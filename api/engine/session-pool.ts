/** One session per worker: feeds them from the queue and replaces those that end. */
import type { ExecutionProvider } from '../config.ts'
import type { Manifest } from '../../models/manifest/manifest.ts'
import type { Layout } from '../../models/onnx/layout.ts'
import type { BatchQueue } from './batch-queue.ts'
import type { SessionWorkerData } from './session-worker.ts'
import { Session, sessionWorkerFile, type Inference, type ModelInput } from './session.ts'

export type ImageQueue = BatchQueue<ModelInput, Inference>

export interface SessionPoolOptions {
  /** Path of the encoded ONNX model. Each session reads the file itself, so that no copy stays in memory. */
  readonly graphFile: string
  readonly manifest: Manifest
  /** Layout of the graph. */
  readonly layout: Layout
  /** @defaultValue cpu */
  readonly executionProvider?: ExecutionProvider
  /** Sizes to which batches are filled up, each of which is run once before a session serves. @defaultValue none */
  readonly batchBuckets?: readonly number[]
  readonly workers: number
  readonly intraOpNumThreads: number
  /** Called when a session has passed its self-test and serves the queue. */
  readonly onWorkerStart?: () => void
  readonly onWorkerDeath: (error: Error) => void
  /** @defaultValue the worker that owns an onnxruntime session; tests put faulty ones in its place */
  readonly workerFile?: URL
}

const restartDelayMs = 100
const maxRestartDelayMs = 10_000

export class SessionPool {
  readonly #queue: ImageQueue
  readonly #options: SessionPoolOptions
  readonly #workerData: SessionWorkerData
  readonly #sessions = new Set<Session>()
  readonly #starting = new Set<Promise<void>>()
  #isClosing = false

  constructor (queue: ImageQueue, options: SessionPoolOptions) {
    this.#queue = queue
    this.#options = options
    const { graphFile, executionProvider = 'cpu', intraOpNumThreads, manifest: { preprocessing } } = options
    this.#workerData = { graphFile, executionProvider, intraOpNumThreads, preprocessing }
  }

  /** Sessions that have passed the self-test and are alive. */
  get size (): number {
    return this.#sessions.size
  }

  /**
   * Starts the sessions one after another: onnxruntime-node does not survive being loaded by several threads at once.
   * Each serves the queue as soon as it has passed the self-test.
   *
   * @throws ModelError if a session cannot be made from the graph or fails the self-test.
   */
  async start (): Promise<void> {
    for (let i = 0; i < this.#options.workers && !this.#isClosing; i++) await this.#startSession()
  }

  /** Ends the sessions, each after its current batch. */
  async close (): Promise<void> {
    this.#isClosing = true
    await Promise.allSettled(this.#starting)
    await Promise.all([...this.#sessions].map((session) => session.end()))
  }

  async #startSession (): Promise<void> {
    const start = this.#serveWithNewSession()
    this.#starting.add(start)
    await start.finally(() => this.#starting.delete(start))
  }

  async #serveWithNewSession (): Promise<void> {
    const { manifest, layout, workerFile = sessionWorkerFile, batchBuckets, onWorkerStart, onWorkerDeath } = this.#options
    const session = await Session.start(manifest, layout, workerFile, this.#workerData, batchBuckets)
    if (this.#isClosing) { // closed while it was starting
      await session.end()
      return
    }
    this.#sessions.add(session)
    session.gone.addEventListener('abort', () => {
      this.#sessions.delete(session)
      if (this.#isClosing) return
      onWorkerDeath(session.gone.reason as Error)
      this.#replace()
    }, { once: true })
    this.#queue.addRunner((images) => session.run(images), session.gone)
    onWorkerStart?.()
  }

  /** Replaces a session. One that cannot start now may start in a moment: memory may have been short. */
  #replace (failures = 0): void {
    if (this.#isClosing) return
    this.#startSession().catch((error: Error) => {
      this.#options.onWorkerDeath(error)
      setTimeout(() => this.#replace(failures + 1), Math.min(restartDelayMs * 2 ** failures, maxRestartDelayMs))
    })
  }
}
