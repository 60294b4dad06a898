/** Time of each layout of a model at each batch size, in rounds that alternate between all of them, so that all see the same machine. */
import { fastestRun } from '../../cli/bench/fastest-run.ts'
import { median } from '../../cli/bench/median.ts'
import type { LoadedModel } from '../load-model.ts'
import { Session, sessionWorkerFile } from '../session.ts'
import { selfTestPixels } from '../../../models/manifest/self-test.ts'
import type { Timing } from './choose-tuning.ts'

const roundMs = 100

/** @param models - One model in several layouts. */
export async function measureLayouts (
  models: readonly LoadedModel[], batchSizes: readonly number[], rounds: number, intraOpNumThreads: number, onRound: () => void
): Promise<Timing[]> {
  const sessions: Session[] = []
  try {
    const candidates: Array<Omit<Timing, 'medianMs'> & { run: () => Promise<unknown>, times: number[] }> = []
    // One after another: onnxruntime-node is not to be loaded by two threads at once.
    for (const { manifest, layout, graphFile } of models) {
      const { preprocessing } = manifest
      const workerData = { graphFile, executionProvider: 'cpu', intraOpNumThreads, preprocessing } as const
      const session = await Session.start(manifest, layout, sessionWorkerFile, workerData)
      sessions.push(session)
      const pixels = selfTestPixels(preprocessing.cropSize)
      candidates.push(...batchSizes.map((maxBatchSize) => {
        const images = Array<Uint8Array>(maxBatchSize).fill(pixels)
        return { layout, maxBatchSize, run: async () => await session.run(images), times: [] }
      }))
    }
    for (let round = 0; round < rounds; round++) {
      for (const { run, maxBatchSize, times } of candidates) times.push(await fastestRun(run, roundMs) / maxBatchSize)
      onRound()
    }
    return candidates.map(({ layout, maxBatchSize, times }) => ({ layout, maxBatchSize, medianMs: median(times) }))
  } finally {
    await Promise.all(sessions.map(async (session) => await session.end()))
  }
}
