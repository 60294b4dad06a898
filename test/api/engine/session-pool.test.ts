import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { loadModel } from '../../../api/engine/load-model.ts'
import { BatchQueue } from '../../../api/engine/batch-queue.ts'
import { asFastJpeg } from '../../../api/images/fast-jpeg.ts'
import { preprocess } from '../../../api/images/preprocess.ts'
import { SessionPool, type ImageQueue } from '../../../api/engine/session-pool.ts'
import { readFixture } from '../../fixtures/index.ts'
import { unlimited } from '../pipeline/preprocess-options.ts'
import { deadly, refused } from '../pipeline/faulty-session-worker.ts'

const model = await loadModel('bundled', '', 'auto')

interface PoolOptions { workers?: number, maxBatchSize?: number, workerFile?: URL, onWorkerDeath?: (error: Error) => void }

function openPool (t: TestContext, options: PoolOptions = {}): { queue: ImageQueue, pool: SessionPool } {
  const { workers = 1, maxBatchSize = 8, onWorkerDeath = (error: Error) => assert.fail(error), ...rest } = options
  const queue: ImageQueue = new BatchQueue({ maxBatchSize })
  const pool = new SessionPool(queue, { ...model, ...rest, workers, intraOpNumThreads: 1, onWorkerDeath })
  t.after(() => pool.close())
  return { queue, pool }
}

async function photos (): Promise<Uint8Array[]> {
  const files = ['chelsea.png', 'coffee.png', 'cmyk.jpg', 'exif-6.jpg', 'grey.jpg', 'rgba.png', 'lossy.webp', 'small.png']
  const options = unlimited(model.manifest.preprocessing)
  return await Promise.all(files.map((file) => preprocess(readFixture(file), options, new AbortController().signal)))
}

test('a batch of 8 gives the logits of 8 batches of 1', async (t) => {
  const images = await photos()
  const { queue, pool } = openPool(t)
  const waiting = images.map((image) => queue.enqueue(image)) // before there is a worker: one batch
  await pool.start()
  const together = await Promise.all(waiting)
  assert.deepEqual(together.map(({ batchSize }) => batchSize), Array(8).fill(8))
  for (const [i, image] of images.entries()) {
    const alone = await queue.enqueue(image)
    assert.equal(alone.batchSize, 1)
    const largest = Math.max(...alone.result.logits.map(Math.abs))
    const difference = Math.max(...alone.result.logits.map((logit, c) => Math.abs(logit - together[i]!.result.logits[c]!))) / largest
    assert.ok(difference <= 1e-5, `image ${i} differs by ${difference}`)
    assert.deepEqual(ranking(together[i]!.result.logits).slice(0, 5), ranking(alone.result.logits).slice(0, 5))
  }
})

test('the event loop keeps ticking while a session runs', async (t) => {
  const [image] = await photos()
  const { queue, pool } = openPool(t, { maxBatchSize: 64 })
  const waiting = Array.from({ length: 64 }, () => queue.enqueue(image!))
  await pool.start()
  let ticks = 0
  const ticker = setInterval(() => ticks++, 1)
  const { runMs, batchSize } = (await Promise.all(waiting))[0]!
  clearInterval(ticker)
  assert.equal(batchSize, 64)
  t.diagnostic(`${ticks} ticks in ${runMs.toFixed(0)} ms`)
  assert.ok(ticks >= 5, `only ${ticks} ticks in ${runMs} ms`)
})

/** An image that only its first byte tells apart. */
function imageOf (firstByte: number): Uint8Array {
  const image = new Uint8Array(model.manifest.preprocessing.cropSize ** 2 * 3)
  image[0] = firstByte
  return image
}

const workerFile = new URL('../pipeline/faulty-session-worker.js', import.meta.url)

test('an image that cannot be run fails alone, and its batch mates are answered', async (t) => {
  const { queue, pool } = openPool(t, { workerFile })
  const batch = Promise.allSettled([0, refused, 0, 0].map((cue) => queue.enqueue(imageOf(cue))))
  await pool.start()
  assert.deepEqual((await batch).map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  assert.equal(pool.size, 1)
})

test('a session that fails three times in a row is replaced', async (t) => {
  const deaths: Error[] = []
  const { queue, pool } = openPool(t, { workerFile, onWorkerDeath: (error) => deaths.push(error) })
  await pool.start()
  for (let i = 0; i < 3; i++) await assert.rejects(queue.enqueue(imageOf(refused)), { code: 'inference_failed' })
  assert.equal(pool.size, 0, 'nothing is ready')
  assert.match(String(deaths[0]), /failed 3 times in a row/)
  assert.equal((await queue.enqueue(imageOf(0))).result.logits.length, model.manifest.classes)
  assert.equal(pool.size, 1)
})

test('failures that are not in a row replace nothing', async (t) => {
  const { queue, pool } = openPool(t, { workerFile })
  await pool.start()
  for (const cue of [refused, refused, 0, refused, refused, 0]) await queue.enqueue(imageOf(cue)).catch(() => {})
  assert.equal(pool.size, 1)
})

test('a thread that dies of an image fails its batch only, is reported, and is replaced', async (t) => {
  const deaths: Error[] = []
  const { queue, pool } = openPool(t, { workerFile, onWorkerDeath: (error) => deaths.push(error) })
  const batch = Promise.allSettled([0, deadly, 0].map((cue) => queue.enqueue(imageOf(cue)))) // one batch, since no session serves yet
  await pool.start()
  const outcomes = await batch as Array<PromiseRejectedResult & { reason: { code: string } }>
  assert.deepEqual(outcomes.map(({ reason }) => reason.code), Array(3).fill('inference_failed'))
  assert.equal(deaths.length, 1)
  assert.match(String(deaths[0]), /exit code 7/)
  const diedAt = performance.now()
  await queue.enqueue(imageOf(0))
  t.diagnostic(`answered ${(performance.now() - diedAt).toFixed(0)} ms later`)
})

test('a session ends after what it runs, the decoding of its photos included', async (t) => {
  const { queue, pool } = openPool(t)
  await pool.start()
  const running = queue.enqueue(asFastJpeg(readFixture('exif-1.jpg'), unlimited(model.manifest.preprocessing))!)
  await pool.close()
  assert.equal((await running).result.logits.length, model.manifest.classes)
})

test('sessions are made one after another', async (t) => {
  let alive = 0
  const onlineOrder: number[] = []
  const watch = (worker: Worker): void => {
    onlineOrder.push(alive)
    worker.once('message', () => alive++)
  }
  process.on('worker', watch)
  t.after(() => process.off('worker', watch))
  const { pool } = openPool(t, { workers: 3 })
  await pool.start()
  assert.equal(pool.size, 3)
  assert.deepEqual(onlineOrder, [0, 1, 2], 'each was started after the session before it was made')
})

test('a model whose self-test answer differs is rejected', async (t) => {
  const queue: ImageQueue = new BatchQueue({ maxBatchSize: 8 })
  const [best, ...rest] = model.manifest.selfTest.topLogits
  const manifest = { ...model.manifest, selfTest: { topLogits: [{ ...best!, logit: best!.logit + 1 }, ...rest] } }
  const pool = new SessionPool(queue, { ...model, manifest, workers: 1, intraOpNumThreads: 1, onWorkerDeath: assert.fail })
  t.after(() => pool.close())
  await assert.rejects(pool.start(), { code: 'MODEL_INVALID', message: /self-test/ })
})

test('the self-test allows for TF32 where that is what multiplies, and only there', async (t) => {
  const [best, ...rest] = model.manifest.selfTest.topLogits
  const manifest = { ...model.manifest, selfTest: { topLogits: [{ ...best!, logit: best!.logit * 1.005 }, ...rest] } }
  const open = (executionProvider: 'cpu' | 'cuda'): SessionPool => {
    const options = { ...model, manifest, executionProvider, workerFile, workers: 1, intraOpNumThreads: 1, onWorkerDeath: assert.fail }
    const pool = new SessionPool(new BatchQueue({ maxBatchSize: 8 }), options)
    t.after(() => pool.close())
    return pool
  }
  await open('cuda').start()
  await assert.rejects(open('cpu').start(), { code: 'MODEL_INVALID', message: /deviates by 5\.0e-3 .*at most 0\.001/ })
})

test('a graph that is none is rejected', async (t) => {
  const queue: ImageQueue = new BatchQueue({ maxBatchSize: 8 })
  const options = { ...model, graphFile: fileURLToPath(import.meta.url), workers: 1, intraOpNumThreads: 1, onWorkerDeath: assert.fail }
  const pool = new SessionPool(queue, options)
  t.after(() => pool.close())
  await assert.rejects(pool.start(), { code: 'MODEL_INVALID', message: /No session can be made/ })
})

function ranking (logits: Float32Array): number[] {
  return [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!)
}
