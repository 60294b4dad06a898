import type { ExecutionProvider } from '../config.ts'

/**
 * Batch sizes to which batches are filled up, ascending: powers of two, and the largest batch. None on a CPU, to which each size is alike.
 */
export function batchBuckets (provider: ExecutionProvider, maxBatchSize: number): number[] {
  if (provider === 'cpu') return []
  const powers = Array.from({ length: Math.ceil(Math.log2(maxBatchSize)) }, (_, exponent) => 2 ** exponent)
  return [...powers, maxBatchSize]
}
