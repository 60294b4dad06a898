import { totalmem } from 'node:os'

/** Default share of the memory for a budget that is not configured. */
const budgetShare = 1 / 4

/** Shares of the memory above which images are rejected (soft) and the service is not ready (hard). */
const residentShares = { soft: 0.9, hard: 0.95 }

/** Bytes of a memory budget. @param configuredBytes - 0 for the default share. */
export function budgetBytes (configuredBytes: number): number {
  return configuredBytes === 0 ? Math.floor(countAvailableMemory() * budgetShare) : configuredBytes
}

/**
 * Bytes of resident memory above which load is shed (soft), and readiness is withdrawn (hard).
 *
 * @param configuredBytes - The soft limit; 0 for its share of the memory.
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

/** Resident memory of the process in bytes; the last known value if it cannot be read, e.g. without a free descriptor. */
export function residentBytes (): number {
  try {
    lastResidentBytes = process.memoryUsage.rss()
  } catch {
    // The caller is a timer or a probe and must not end the process.
  }
  return lastResidentBytes
}
