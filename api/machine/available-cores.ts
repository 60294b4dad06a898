import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/**
 * Whole cores that this process may use: its affinity, and in a container the CPU quota of its control group,
 * which Node's own count ignores. A quota of 1.5 cores is 1: a second thread would be throttled half of the time.
 *
 * @param read - Reads a file of the control group's file system; throws if there is none.
 */
export function countAvailableCores (affinity = availableParallelism(), read: (path: string) => string = readText): number {
  const quota = cgroupV2Quota(read) ?? cgroupV1Quota(read) ?? Infinity
  return Math.max(1, Math.min(affinity, Math.floor(quota)))
}

function cgroupV2Quota (read: (path: string) => string): number | undefined {
  return quotaOf(() => read('/sys/fs/cgroup/cpu.max').split(' '))
}

function cgroupV1Quota (read: (path: string) => string): number | undefined {
  return quotaOf(() => ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) => read(`/sys/fs/cgroup/cpu/${file}`)))
}

/** Cores that a quota and its period, both in microseconds, amount to; "max" and -1 are no quota. */
function quotaOf (readPair: () => string[]): number | undefined {
  try {
    const [quota, period] = readPair().map(Number)
    return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : undefined
  } catch {
    return undefined
  }
}

function readText (path: string): string {
  return readFileSync(path, 'utf8')
}
