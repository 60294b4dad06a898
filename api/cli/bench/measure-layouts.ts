/** Times of each layout of a model per batch size, in rounds that alternate between all of them, so that all see the same machine. */
import { existsSync } from 'node:fs'
import { graphPath } from '../../../models/manifest/graph-index.ts'
import { layouts, type Layout } from '../../../models/onnx/layout.ts'
import { selfTestPixels } from '../../../models/manifest/self-test.ts'
import { findModelDirectory } from '../../../models/manifest/model-store.ts'
import { fastestRun } from './fastest-run.ts'
import { median } from './median.ts'
import { loadModel } from '../../engine/load-model.ts'
import { Session, sessionWorkerFile } from '../../engine/session.ts'

export interface LayoutTiming {
  readonly layout: Layout
  readonly batchSize: number
  /** Median of the rounds, in ms per image. */
  readonly msPerImage: number
}

/** Layouts for CPUs; `plain-fp16` is for GPUs. */
const cpuLayouts = layouts.filter((layout) => layout !== 'plain-fp16')
const roundMs = 100
/** Relative difference between two measurements of the same thing. */
const tolerance = 0.03

/**
 * Measures the layouts that the model has, with one session on the CPU per layout.
 *
 * @param rowMs - Milliseconds per batch size, shared by the layouts; at least one round.
 */
export async function measureLayouts (
  { model, modelDir, intraOpNumThreads }: { model: string, modelDir: string, intraOpNumThreads: number },
  batchSizes: readonly number[], rowMs: number
): Promise<LayoutTiming[]> {
  const directory = findModelDirectory(model, modelDir)
  const sessions: Session[] = []
  try {
    const candidates: Array<Omit<LayoutTiming, 'msPerImage'> & { run: () => Promise<unknown>, times: number[] }> = []
    // One after another: onnxruntime-node must not be loaded by two threads at once.
    for (const layout of cpuLayouts.filter((layout) => layout === 'plain' || existsSync(graphPath(directory, layout)))) {
      const { manifest, graphFile } = await loadModel(model, modelDir, layout)
      const { preprocessing } = manifest
      const workerData = { graphFile, executionProvider: 'cpu', intraOpNumThreads, preprocessing } as const
      const session = await Session.start(manifest, layout, sessionWorkerFile, workerData)
      sessions.push(session)
      const pixels = selfTestPixels(preprocessing.cropSize)
      candidates.push(...batchSizes.map((batchSize) => {
        const images = Array<Uint8Array>(batchSize).fill(pixels)
        return { layout, batchSize, run: async () => await session.run(images), times: [] }
      }))
    }
    for (let spentMs = 0; spentMs < rowMs; spentMs += roundMs * sessions.length) {
      for (const { run, batchSize, times } of candidates) times.push(await fastestRun(run, roundMs) / batchSize)
    }
    return candidates.map(({ layout, batchSize, times }) => ({ layout, batchSize, msPerImage: median(times) }))
  } finally {
    await Promise.all(sessions.map(async (session) => await session.end()))
  }
}

/**
 * The smallest batch size among the fastest, since each response waits for its whole batch; among its layouts the default one if
 * it is among the fastest, otherwise the fastest.
 */
export function chooseFastest (timings: readonly LayoutTiming[], defaultLayout: Layout): LayoutTiming {
  const fastest = Math.min(...timings.map(({ msPerImage }) => msPerImage))
  const good = timings.filter(({ msPerImage }) => msPerImage <= fastest * (1 + tolerance))
  const smallest = Math.min(...good.map(({ batchSize }) => batchSize))
  const rest = good.filter(({ batchSize }) => batchSize === smallest).sort((a, b) => a.msPerImage - b.msPerImage)
  return rest.find(({ layout }) => layout === defaultLayout) ?? rest[0]!
}
