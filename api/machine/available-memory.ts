import { totalmem } from 'node:os'

/** Of the memory, for what has a budget but no configured number of bytes. */
const budgetShare = 1 / 4

/** Of the memory: where images are refused, and where the service stops being ready. */
const residentShares = { soft: 0.9, hard: 0.95 }

/** @param configuredBytes - 0 for a share of the memory. */
export function budgetBytes (configuredBytes: number): number {
  return configuredBytes === 0 ? Math.floor(countAvailableMemory() * budgetShare) : configuredBytes
}

/**
 * Bytes of resident memory above which load is shed, and readiness withdrawn.
 *
 * @param configuredBytes - The former; 0 for a share of the memory.
 */
export function residentLimits (configuredBytes: number): { readonly soft: number, readonly hard: number } {
  const { soft, hard } = residentShares
  const softBytes = configuredBytes === 0 ? Math.floor(countAvailableMemory() * soft) : configuredBytes
  return { soft: softBytes, hard: Math.floor(softBytes / soft * hard) }
}

/** Bytes of memory that this process may use: the machine's, or what its control group allows. */
export function countAvailableMemory (): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem()
}

let lastResidentBytes = 0

/** Resident memory of the process in bytes; where it cannot be read, as without a free descriptor, what it was before. */
export function residentBytes (): number {
  try {
    lastResidentBytes = process.memoryUsage.rss()
  } catch {
    // Whoever asks is a timer or a probe, and must not end the process.
  }
  return lastResidentBytes
}
