/** Times the stages of the images of one request. */
import { performance } from 'node:perf_hooks'
import type { Batch } from './batch-queue.ts'

/** Milliseconds per stage; with several images in a request, those of the slowest. */
export interface StageTimes { decode: number, queue: number, run: number, post: number }

/** One stage of one image, successful or not. Times are in ms since the process began. */
export interface StageReport {
  readonly stage: 'read' | keyof StageTimes
  readonly startedAt: number
  readonly endedAt: number
  /** The batch in which the image ran. */
  readonly batch?: Batch
}

export class StageTimer {
  readonly times: StageTimes = { decode: 0, queue: 0, run: 0, post: 0 }
  readonly #onReport: (report: StageReport) => void
  #largestBatch = 0

  constructor (onReport: (report: StageReport) => void) {
    this.#onReport = onReport
  }

  /** Largest batch in which one of the images ran; 0 if none did. */
  get batchSize (): number {
    return this.#largestBatch
  }

  /** Reports a stage that has ended. */
  report (stage: keyof StageTimes, startedAt: number, endedAt: number, batch?: Batch): void {
    this.times[stage] = Math.max(this.times[stage], endedAt - startedAt)
    if (batch !== undefined) this.#largestBatch = Math.max(this.#largestBatch, batch.size)
    this.#onReport({ stage, startedAt, endedAt, ...(batch !== undefined && { batch }) })
  }

  /** Runs the work of a stage, and reports the stage whether or not it succeeds. */
  async time<Value> (stage: keyof StageTimes, work: () => Promise<Value> | Value): Promise<Value> {
    const startedAt = performance.now()
    try {
      return await work()
    } finally {
      this.report(stage, startedAt, performance.now())
    }
  }
}
