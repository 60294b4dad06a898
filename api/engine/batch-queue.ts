/**
 * Images -> batches. A free runner takes what is waiting, so that batches grow only under load.
 * The scheduling rule is TEI's and Triton's: no delay unless one is configured.
 */

export interface BatchQueueOptions<Result = unknown> {
  readonly maxBatchSize: number
  /** Longest wait in ms for a batch to grow while a runner is free, from the moment its first item was queued. @defaultValue 0 */
  readonly maxQueueDelayMs?: number
  /** Milliseconds on a clock that only goes forward. @defaultValue performance.now */
  readonly now?: () => number
  /** Calls back after a number of ms. @defaultValue setTimeout */
  readonly setTimer?: (callback: () => void, delayMs: number) => unknown
  /**
   * Called when a batch has ended, before its items get their results. A batch that failed as a whole has no results.
   * @defaultValue does nothing
   */
  readonly onBatch?: (batch: Batch, results: ReadonlyArray<Result | Error>) => void
}

/** One run of one runner; the same object for all its items. Times are in ms on the queue's clock. */
export interface Batch {
  readonly size: number
  readonly startedAt: number
  readonly endedAt: number
}

/** Runs a batch; returns results in the order of the items, an Error in the place of an item that failed alone. */
export type Run<Item, Result> = (items: readonly Item[]) => Promise<ReadonlyArray<Result | Error>>

export interface Batched<Result> {
  readonly result: Result
  readonly batch: Batch
  readonly batchSize: number
  /** Milliseconds from being queued to the start of the batch. */
  readonly queueMs: number
  /** Milliseconds from the start of the batch to its end. */
  readonly runMs: number
}

interface Entry<Item, Result> {
  readonly item: Item
  readonly queuedAt: number
  readonly resolve: (batched: Batched<Result>) => void
  readonly reject: (reason: unknown) => void
  readonly signal: AbortSignal | undefined
  readonly onAbort: () => void
}

interface Runner<Item, Result> {
  readonly run: Run<Item, Result>
  readonly gone: AbortSignal
}

export class BatchQueue<Item, Result> {
  readonly #options: Required<BatchQueueOptions<Result>>
  #closed: Error | undefined
  readonly #entries = new Set<Entry<Item, Result>>() // in the order of arrival; leaving early is O(1)
  readonly #freeRunners = new Set<Runner<Item, Result>>()
  #timerIsSet = false

  constructor (options: BatchQueueOptions<Result>) {
    this.#options = {
      maxQueueDelayMs: 0,
      now: () => performance.now(),
      setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
      onBatch: () => {},
      ...options,
    }
  }

  /** Items that wait for a runner. */
  get size (): number {
    return this.#entries.size
  }

  /** Gives batches to `run`, one at a time, until `gone` is aborted. */
  addRunner (run: Run<Item, Result>, gone: AbortSignal): void {
    const runner = { run, gone }
    gone.addEventListener('abort', () => this.#freeRunners.delete(runner), { once: true })
    this.#release(runner)
  }

  /**
   * The result of one item.
   *
   * @param signal - Aborting takes a waiting item out at once and rejects with the signal's reason; a running one is finished.
   */
  async enqueue (item: Item, signal?: AbortSignal): Promise<Batched<Result>> {
    signal?.throwIfAborted()
    if (this.#closed !== undefined) throw this.#closed
    return await new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#entries.delete(entry)
        reject(signal?.reason)
      }
      const entry: Entry<Item, Result> = { item, queuedAt: this.#options.now(), resolve, reject, signal, onAbort }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#entries.add(entry)
      this.#pump()
    })
  }

  /** Rejects waiting and future items with `reason`. */
  close (reason: Error): void {
    this.#closed = reason
    for (const { signal, onAbort, reject } of this.#entries) {
      signal?.removeEventListener('abort', onAbort)
      reject(reason)
    }
    this.#entries.clear()
  }

  /** The only place that decides when a batch starts. */
  #pump (): void {
    const delayMs = this.#remainingDelayMs()
    if (delayMs > 0) {
      this.#wakeAfter(delayMs)
      return
    }
    // The runner that ran last still has its weights in the caches.
    for (const runner of [...this.#freeRunners].reverse()) {
      if (this.#entries.size === 0) return
      const batch = this.#takeBatch()
      this.#freeRunners.delete(runner)
      this.#runBatch(batch, runner)
    }
  }

  #remainingDelayMs (): number {
    const { maxQueueDelayMs, maxBatchSize, now } = this.#options
    const [oldest] = this.#entries
    if (maxQueueDelayMs === 0 || oldest === undefined || this.#entries.size >= maxBatchSize) return 0
    return oldest.queuedAt + maxQueueDelayMs - now()
  }

  #wakeAfter (delayMs: number): void {
    if (this.#timerIsSet) return
    this.#timerIsSet = true
    this.#options.setTimer(() => {
      this.#timerIsSet = false
      this.#pump()
    }, delayMs)
  }

  /** Shares the waiting items among the free runners: two batches of 4 on two cores end before one of 8 on one. */
  #takeBatch (): Array<Entry<Item, Result>> {
    const size = Math.min(this.#options.maxBatchSize, Math.ceil(this.#entries.size / this.#freeRunners.size))
    const batch = [...this.#entries].slice(0, size)
    for (const entry of batch) {
      this.#entries.delete(entry)
      entry.signal?.removeEventListener('abort', entry.onAbort)
    }
    return batch
  }

  #runBatch (entries: ReadonlyArray<Entry<Item, Result>>, runner: Runner<Item, Result>): void {
    const { now, onBatch } = this.#options
    const startedAt = now()
    const endBatch = (results: ReadonlyArray<Result | Error>): Batch => {
      const batch = { size: entries.length, startedAt, endedAt: now() }
      onBatch(batch, results)
      return batch
    }
    runner.run(entries.map(({ item }) => item)).then((results) => {
      const batch = endBatch(results)
      for (const [i, { queuedAt, resolve, reject }] of entries.entries()) {
        const result = results[i]!
        if (result instanceof Error) reject(result)
        else resolve({ result, batch, batchSize: batch.size, queueMs: startedAt - queuedAt, runMs: batch.endedAt - startedAt })
      }
      this.#release(runner)
    }, (error: unknown) => {
      endBatch([])
      for (const { reject } of entries) reject(error)
      this.#release(runner)
    })
  }

  #release (runner: Runner<Item, Result>): void {
    if (!runner.gone.aborted) this.#freeRunners.add(runner)
    this.#pump()
  }
}
