import { totalmem } from 'node:os'

/** Of the memory, for what has a budget but no configured number of bytes. */
const budgetShare = 1 / 4

/** @param configuredBytes - 0 for a share of the memory. */
export function budgetBytes (configuredBytes: number): number {
  return configuredBytes === 0 ? Math.floor(countAvailableMemory() * budgetShare) : configuredBytes
}

/** Bytes of memory that this process may use: the machine's, or what its control group allows. */
function countAvailableMemory (): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem()
}
