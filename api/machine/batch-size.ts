/** Batch sizes that suit the machine. */
import type { ExecutionProvider } from '../config.ts'
import { describeGhostNet } from '../../models/ghostnet.ts'
import type { Manifest } from '../../models/manifest/manifest.ts'

/** Largest default batch: on a CPU larger ones gain 5 % at best, and each response waits longer. Not measured on a GPU. */
export const largestUsefulBatch = 8
/** Bytes of an activation that stay in the caches of a processor core. */
const cachedBytes = 10e6

/**
 * Default limit of the batch size. On a CPU the widest activation of a batch stays in the caches: ghostnet_100 at 224 takes 3 to
 * 7 % less time per image in batches of 4 than of 8, and half the memory. docs/decisions/0020 has the measurements.
 */
export function largestBatch (provider: ExecutionProvider, { width, classes, preprocessing: { cropSize } }: Manifest): number {
  if (provider !== 'cpu') return largestUsefulBatch
  const layers = describeGhostNet({ width, classes }, cropSize)
  const widest = Math.max(...layers.map(({ output: [channels, height, columns] }) => channels * height * columns))
  const float32Bytes = 4
  return Math.min(largestUsefulBatch, Math.max(1, Math.floor(cachedBytes / (widest * float32Bytes))))
}

/**
 * Batch sizes to which batches are filled up, ascending: powers of two, and the largest batch. Empty on a CPU, where every size
 * runs as it is.
 */
export function batchBuckets (provider: ExecutionProvider, maxBatchSize: number): number[] {
  if (provider === 'cpu') return []
  const powers = Array.from({ length: Math.ceil(Math.log2(maxBatchSize)) }, (_, exponent) => 2 ** exponent)
  return [...powers, maxBatchSize]
}
