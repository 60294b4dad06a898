/** Batch sizes that suit the machine. */
import type { ExecutionProvider } from '../config.ts'
import { describeGhostNet } from '../../models/ghostnet.ts'
import type { Manifest } from '../../models/manifest/manifest.ts'

/** Larger ones are not chosen unasked: on a CPU they gain 5 % at best, each answer waits for more, and nobody has measured a GPU. */
export const largestUsefulBatch = 8
/** Bytes of an activation that a processor core still works on in its caches. */
const cachedBytes = 10e6

/**
 * So many images run together at most where nothing else is configured. On a CPU the widest activation of the batch stays in the
 * caches: ghostnet_100 at 224 takes 3 to 7 % less time an image in batches of 4 than of 8, and half the memory.
 * docs/decisions/0020 has the measurements.
 */
export function largestBatch (provider: ExecutionProvider, { width, classes, preprocessing: { cropSize } }: Manifest): number {
  if (provider !== 'cpu') return largestUsefulBatch
  const layers = describeGhostNet({ width, classes }, cropSize)
  const widest = Math.max(...layers.map(({ output: [channels, height, columns] }) => channels * height * columns))
  const float32Bytes = 4
  return Math.min(largestUsefulBatch, Math.max(1, Math.floor(cachedBytes / (widest * float32Bytes))))
}

/**
 * Batch sizes to which batches are filled up, ascending: powers of two, and the largest batch. None on a CPU, where every size runs as
 * it is.
 */
export function batchBuckets (provider: ExecutionProvider, maxBatchSize: number): number[] {
  if (provider === 'cpu') return []
  const powers = Array.from({ length: Math.ceil(Math.log2(maxBatchSize)) }, (_, exponent) => 2 ** exponent)
  return [...powers, maxBatchSize]
}
