import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import test from 'node:test'
import { BatchQueue, type Batch, type BatchQueueOptions } from '../../../api/engine/batch-queue.ts'

const never = new AbortController().signal
setMaxListeners(0, never)

/** A clock that moves when told, with the timers that were set on it. */
class Clock {
  #now = 0
  #timers: Array<{ at: number, callback: () => void }> = []

  readonly now = (): number => this.#now

  readonly setTimer = (callback: () => void, delayMs: number): void => {
    this.#timers.push({ at: this.#now + delayMs, callback })
  }

  advance (ms: number): void {
    this.#now += ms
    const due = this.#timers.filter(({ at }) => at <= this.#now)
    this.#timers = this.#timers.filter(({ at }) => at > this.#now)
    for (const { callback } of due) callback()
  }
}

/** A runner that records its batches and finishes each when told. */
class Runner {
  readonly batches: number[][] = []
  readonly #finish: Array<PromiseWithResolvers> = []

  readonly run = async (items: readonly number[]): Promise<number[]> => {
    this.batches.push([...items])
    await new Promise<void>((resolve, reject) => this.#finish.push({ resolve, reject }))
    return items.map((item) => item * 10)
  }

  async finish (error?: Error): Promise<void> {
    const { resolve, reject } = this.#finish.shift()!
    if (error === undefined) resolve()
    else reject(error)
    await settled()
  }
}

interface PromiseWithResolvers { resolve: () => void, reject: (error: Error) => void }

/** Lets everything that was resolved run to its next wait. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function queueWith (options: Partial<BatchQueueOptions<number>> = {}): { queue: BatchQueue<number, number>, clock: Clock } {
  const clock = new Clock()
  return { clock, queue: new BatchQueue({ maxBatchSize: 4, now: clock.now, setTimer: clock.setTimer, ...options }) }
}

test('a lone item runs at once', async () => {
  const { queue } = queueWith()
  const runner = new Runner()
  queue.addRunner(runner.run, never)
  const answer = queue.enqueue(7)
  assert.deepEqual(runner.batches, [[7]])
  await runner.finish()
  assert.equal((await answer).result, 70)
})

test('items that come while the runner is busy form the next batch, in order, up to the largest', async () => {
  const { queue } = queueWith()
  const runner = new Runner()
  queue.addRunner(runner.run, never)
  const answers = [1, 2, 3, 4, 5, 6].map((item) => queue.enqueue(item))
  await runner.finish()
  await runner.finish()
  await runner.finish()
  assert.deepEqual(runner.batches, [[1], [2, 3, 4, 5], [6]])
  const batched = await Promise.all(answers)
  assert.deepEqual(batched.map(({ result }) => result), [10, 20, 30, 40, 50, 60])
  assert.deepEqual(batched.map(({ batchSize }) => batchSize), [1, 4, 4, 4, 4, 1])
})

test('a runner takes no more than the largest batch and leaves the rest to the next', () => {
  const { queue } = queueWith()
  for (const item of [1, 2, 3, 4, 5, 6]) queue.enqueue(item).catch(assert.fail)
  const [first, second] = [new Runner(), new Runner()]
  queue.addRunner(first.run, never)
  queue.addRunner(second.run, never)
  assert.deepEqual(first.batches, [[1, 2, 3, 4]])
  assert.deepEqual(second.batches, [[5, 6]])
})

test('two free runners split a pair rather than leave one idle', async () => {
  const { queue, clock } = queueWith({ maxQueueDelayMs: 5 })
  const [first, second] = [new Runner(), new Runner()]
  queue.addRunner(first.run, never)
  queue.addRunner(second.run, never)
  queue.enqueue(1).catch(assert.fail)
  queue.enqueue(2).catch(assert.fail)
  clock.advance(5)
  assert.deepEqual([first.batches, second.batches], [[[2]], [[1]]])
})

test('the runner that ran last runs next', async () => {
  const { queue } = queueWith({})
  const [first, second] = [new Runner(), new Runner()]
  for (const { run } of [first, second]) queue.addRunner(run, never)
  for (const [item, runner] of [[1, second], [2, second]] as const) {
    const result = queue.enqueue(item)
    assert.deepEqual(runner.batches.at(-1), [item])
    await runner.finish()
    await result
  }
  assert.deepEqual(first.batches, [])
})

test('with a delay a batch waits for company, but not longer than that', () => {
  const { queue, clock } = queueWith({ maxQueueDelayMs: 5 })
  const runner = new Runner()
  queue.addRunner(runner.run, never)
  queue.enqueue(1).catch(assert.fail)
  clock.advance(3)
  queue.enqueue(2).catch(assert.fail)
  assert.deepEqual(runner.batches, [])
  clock.advance(2)
  assert.deepEqual(runner.batches, [[1, 2]])
})

test('a full batch does not wait for the delay', () => {
  const { queue } = queueWith({ maxQueueDelayMs: 1000 })
  const runner = new Runner()
  queue.addRunner(runner.run, never)
  for (const item of [1, 2, 3, 4]) queue.enqueue(item).catch(assert.fail)
  assert.deepEqual(runner.batches, [[1, 2, 3, 4]])
})

test('an aborted item leaves the queue at once and never runs', async () => {
  const { queue } = queueWith()
  const runner = new Runner()
  queue.addRunner(runner.run, never)
  queue.enqueue(1).catch(assert.fail)
  const abort = new AbortController()
  const aborted = queue.enqueue(2, abort.signal)
  const kept = queue.enqueue(3)
  assert.equal(queue.size, 2)
  abort.abort(new Error('gone'))
  assert.equal(queue.size, 1)
  await assert.rejects(aborted, /gone/)
  await runner.finish()
  await runner.finish()
  assert.deepEqual(runner.batches, [[1], [3]])
  assert.equal((await kept).result, 30)
})

test('an item whose signal is aborted already is never queued', async () => {
  const { queue } = queueWith()
  await assert.rejects(queue.enqueue(1, AbortSignal.abort(new Error('late'))), /late/)
  assert.equal(queue.size, 0)
})

test('aborting an item that runs changes nothing for its batch', async () => {
  const { queue } = queueWith()
  const runner = new Runner()
  queue.addRunner(runner.run, never)
  const abort = new AbortController()
  const answer = queue.enqueue(1, abort.signal)
  abort.abort()
  await runner.finish()
  assert.equal((await answer).result, 10)
})

test('a batch that fails fails its items only, and its runner goes on', async () => {
  const { queue } = queueWith()
  const runner = new Runner()
  queue.addRunner(runner.run, never)
  const failing = queue.enqueue(1)
  const next = queue.enqueue(2)
  await Promise.all([assert.rejects(failing, /broken/), runner.finish(new Error('broken'))])
  await runner.finish()
  assert.equal((await next).result, 20)
})

test('a runner that is gone gets no further batch; items wait for another', async () => {
  const { queue } = queueWith()
  const [first, second] = [new Runner(), new Runner()]
  const gone = new AbortController()
  queue.addRunner(first.run, gone.signal)
  const failing = queue.enqueue(1)
  const waiting = queue.enqueue(2)
  gone.abort()
  await Promise.all([assert.rejects(failing, /died/), first.finish(new Error('died'))])
  assert.deepEqual(first.batches, [[1]])
  assert.equal(queue.size, 1)
  queue.addRunner(second.run, never)
  await second.finish()
  assert.equal((await waiting).result, 20)
})

test('queue time and run time are measured from queueing to start and from start to end', async () => {
  const { queue, clock } = queueWith()
  const runner = new Runner()
  queue.addRunner(runner.run, never)
  queue.enqueue(1).catch(assert.fail)
  const answer = queue.enqueue(2)
  clock.advance(30)
  await runner.finish()
  clock.advance(12)
  await runner.finish()
  const { queueMs, runMs } = await answer
  assert.deepEqual({ queueMs, runMs }, { queueMs: 30, runMs: 12 })
})

test('each batch is reported once, whether it succeeds or fails, before its items have their results', async () => {
  const told: Batch[] = []
  const { queue, clock } = queueWith({ onBatch: (batch) => told.push(batch) })
  const runner = new Runner()
  queue.addRunner(runner.run, never)
  const first = queue.enqueue(1)
  const [second, third] = [queue.enqueue(2), queue.enqueue(3)]
  clock.advance(10)
  await Promise.all([assert.rejects(first, /broken/), runner.finish(new Error('broken'))])
  assert.deepEqual(told, [{ size: 1, startedAt: 0, endedAt: 10 }])
  clock.advance(5)
  await runner.finish()
  assert.deepEqual(told.slice(1), [{ size: 2, startedAt: 10, endedAt: 15 }])
  assert.equal((await second).batch, told[1])
  assert.equal((await third).batch, told[1])
})
