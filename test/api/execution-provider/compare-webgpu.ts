/** Runs with a software Vulkan driver: logits on WebGPU, before and after the death of the worker, against those of the CPU. */
import { BroadcastChannel } from 'node:worker_threads'
import { once } from 'node:events'
import { extname } from 'node:path'
import { loadModel } from '../../../api/engine/load-model.ts'
import { BatchQueue } from '../../../api/engine/batch-queue.ts'
import { preprocess } from '../../../api/images/preprocess.ts'
import { SessionPool, type ImageQueue } from '../../../api/engine/session-pool.ts'
import { readFixture } from '../../fixtures/index.ts'
import { unlimited } from '../pipeline/preprocess-options.ts'

const model = await loadModel('bundled', '', 'plain')
const images = await Promise.all(['coffee.png', 'chelsea.png'].map(async (file) =>
  await preprocess(readFixture(file), unlimited(model.manifest.preprocessing), new AbortController().signal)))
const deaths: string[] = []
const starts = new EventTarget()
const queueOf = (): ImageQueue => new BatchQueue({ maxBatchSize: 1 })
const common = { ...model, workers: 1, intraOpNumThreads: 1, onWorkerDeath: (error: Error) => { deaths.push(error.message) } }

const cpuQueue = queueOf()
const cpu = new SessionPool(cpuQueue, common)
await cpu.start()
const gpuQueue = queueOf()
const gpu = new SessionPool(gpuQueue, {
  ...common,
  executionProvider: 'webgpu',
  batchBuckets: [1],
  workerFile: new URL(`./mortal-session-worker${extname(import.meta.url)}`, import.meta.url),
  onWorkerStart: () => starts.dispatchEvent(new Event('start')),
})
await gpu.start()

async function largestDifference (): Promise<number> {
  const differences: number[] = []
  for (const image of images) {
    const [{ result: { logits: one } }, { result: { logits: other } }] =
      await Promise.all([cpuQueue.enqueue(image), gpuQueue.enqueue(image)])
    differences.push(...one.map((logit, i) => Math.abs(logit - other[i]!)))
  }
  return Math.max(...differences)
}

const before = await largestDifference()
const restarted = once(starts, 'start')
const orders = new BroadcastChannel('die')
orders.postMessage('now')
await restarted
const after = await largestDifference()
process.stdout.write(`${JSON.stringify({ before, after, deaths })}\n`)
orders.close()
await Promise.all([cpu.close(), gpu.close()])
