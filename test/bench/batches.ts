/**
 * `npm run bench:batches -- PROVIDER [MODEL...]`: images/s that the service's sessions give by batch size, from prepared pixels to logits,
 * copies included and without decoding; one session, and two that share the device.
 */
import { executionProviders } from '../../api/config.ts'
import { table } from '../../api/cli/describe-model.ts'
import { describeDevice } from '../../api/machine/execution-provider/execution-provider.ts'
import { loadModel } from '../../api/engine/load-model.ts'
import { BatchQueue } from '../../api/engine/batch-queue.ts'
import { chooseLayout } from '../../api/machine/choose-layout.ts'
import { SessionPool, type ImageQueue } from '../../api/engine/session-pool.ts'
import type { Layout } from '../../models/onnx/layout.ts'
import { selfTestPixels } from '../../models/manifest/self-test.ts'

const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128]
const seconds = 2

const [asked = 'cpu', ...models] = process.argv.slice(2)
const provider = executionProviders.find((name) => name === asked)
if (provider === undefined) throw new Error(`Expected one of ${executionProviders.join(', ')}, got ${asked}.`)
const layouts: readonly Layout[] = provider === 'cpu' ? [chooseLayout()] : ['plain', 'plain-fp16']

/** Images a second with always a batch more than there are sessions, so that none waits. */
async function measureRate (queue: ImageQueue, image: Uint8Array, batchSize: number, sessions: number): Promise<number> {
  let images = 0
  let end = Infinity
  const keepBusy = async (): Promise<void> => {
    while (performance.now() < end) {
      await Promise.all(Array.from({ length: batchSize }, async () => await queue.enqueue(image)))
      images += batchSize
    }
  }
  const clients = Array.from({ length: sessions + 1 }, async () => await keepBusy())
  await new Promise((resolve) => setTimeout(resolve, 500))
  images = 0
  const startedAt = performance.now()
  end = startedAt + seconds * 1000
  await Promise.all(clients)
  return images / (performance.now() - startedAt) * 1000
}

const rows: string[][] = [['model', 'layout', 'sessions', 'batch', 'images/s', 'ms a batch']]
for (const name of models.length === 0 ? ['bundled'] : models) {
  for (const layout of layouts) {
    const model = await loadModel(name, '', layout, provider)
    const image = selfTestPixels(model.manifest.preprocessing.cropSize)
    for (const [sessions, sizes] of [[1, batchSizes], [2, batchSizes.slice(-3)]] as const) {
      for (const batchSize of sizes) {
        const queue: ImageQueue = new BatchQueue({ maxBatchSize: batchSize })
        const fail = (error: Error): never => { throw error }
        const pool = new SessionPool(queue, {
          ...model,
          executionProvider: provider,
          batchBuckets: provider === 'cpu' ? [] : [batchSize],
          workers: sessions,
          intraOpNumThreads: 1,
          onWorkerDeath: fail,
        })
        await pool.start()
        const rate = await measureRate(queue, image, batchSize, sessions)
        const batchMs = sessions * batchSize * 1000 / rate
        rows.push([model.manifest.name, layout, String(sessions), String(batchSize), rate.toFixed(0), batchMs.toFixed(2)])
        process.stderr.write(`${rows.at(-1)!.join('  ')}\n`)
        await pool.close()
      }
    }
  }
}
process.stdout.write(`${describeDevice(provider)}; ${provider}; ${seconds} s a row\n\n${table(rows, new Set([2, 3, 4, 5]))}\n`)
