/** What a process and its descendants use, from /proc. */
import { readFileSync, readdirSync } from 'node:fs'

export interface ProcessUsage {
  /** User and system time of all threads, those that ended too. */
  readonly cpuSeconds: number
  /** Resident memory; what processes share counts once each. */
  readonly rssBytes: number
}

/** USER_HZ, which Linux has fixed at 100 for user space on every architecture that Node runs on. */
const ticksPerSecond = 100
const kibibyte = 1024

/** @returns undefined where there is no /proc, as on macOS, or no such process. */
export function readUsage (pid: number): ProcessUsage | undefined {
  const family = [pid, ...listDescendants(pid)].map(readOne).filter((usage) => usage !== undefined)
  if (family.length === 0) return undefined
  return family.reduce((sum, usage) => ({
    cpuSeconds: sum.cpuSeconds + usage.cpuSeconds,
    rssBytes: sum.rssBytes + usage.rssBytes,
  }))
}

function readOne (pid: number): ProcessUsage | undefined {
  try {
    const ticks = statFields(pid).slice(11, 15).map(Number) // utime, stime, and those of children that ended: see proc(5)
    const rss = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0
    return { cpuSeconds: ticks.reduce((sum, value) => sum + value, 0) / ticksPerSecond, rssBytes: Number(rss) * kibibyte }
  } catch {
    return undefined
  }
}

/** Fields of /proc/PID/stat from the state (field 3) on; the name before it may hold spaces and brackets. */
function statFields (pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function listDescendants (pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter((child) => child !== '').map(Number))
    return children.flatMap((child) => [child, ...listDescendants(child)])
  } catch {
    return [] // it ended meanwhile, or there is no /proc
  }
}
