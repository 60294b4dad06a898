/** What processes use, from /proc. */
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

/** Usage of a process and its descendants. @returns undefined if there is no /proc, as on macOS, or no such process. */
export function readUsage (pid: number): ProcessUsage | undefined {
  return sumUsage([pid, ...listDescendants(pid)])
}

/** Sum over processes. @returns undefined if none of them is running. */
export function sumUsage (pids: readonly number[]): ProcessUsage | undefined {
  const usages = pids.map(readOne).filter((usage) => usage !== undefined)
  if (usages.length === 0) return undefined
  return usages.reduce((sum, usage) => ({
    cpuSeconds: sum.cpuSeconds + usage.cpuSeconds,
    rssBytes: sum.rssBytes + usage.rssBytes,
  }))
}

function readOne (pid: number): ProcessUsage | undefined {
  try {
    const ticks = readStat(pid).slice(11, 15).map(Number) // utime, stime, and those of children that ended: see proc(5)
    const rss = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0
    return { cpuSeconds: ticks.reduce((sum, value) => sum + value, 0) / ticksPerSecond, rssBytes: Number(rss) * kibibyte }
  } catch {
    return undefined
  }
}

/** Proportional share of memory, in which what they share counts once. It makes the kernel walk their pages: not for frequent samples. */
export function readProportionalBytes (pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    try {
      return sum + Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * kibibyte
    } catch {
      return sum // it ended meanwhile
    }
  }, 0)
}

/**
 * CPU seconds of a process's threads by their niceness, which the service sets by the kind of work (docs/decisions/0011).
 * Those of threads that have ended are in no entry.
 */
export function readThreadSeconds (pid: number): Map<number, number> {
  const seconds = new Map<number, number>()
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const fields = readStat(`${pid}/task/${thread}`).map(Number)
    const [user = 0, system = 0, niceness = 0] = [fields[11], fields[12], fields[16]]
    seconds.set(niceness, (seconds.get(niceness) ?? 0) + (user + system) / ticksPerSecond)
  }
  return seconds
}

/** Running processes of the session that a process leads, and their descendants, which may have left it. */
export function listSession (leader: number): number[] {
  const members = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      const [state, , , session] = readStat(pid)
      return Number(session) === leader && state !== 'Z'
    } catch {
      return false // it ended meanwhile
    }
  })
  return [...new Set(members.flatMap((pid) => [pid, ...listDescendants(pid)]))]
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

/**
 * Fields of /proc/PID/stat from the state (field 3 of proc(5)) on; the name before it may hold spaces and brackets.
 *
 * @param id - PID, or PID/task/TID of a thread.
 */
function readStat (id: number | string): string[] {
  const stat = readFileSync(`/proc/${id}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
