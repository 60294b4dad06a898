/** What a family of processes uses, from /proc. */
import { readFileSync } from 'node:fs'
import { statFields } from '../process-stat.ts'

export interface FamilyUsage {
  /** User and system time of all threads, and of children that ended. */
  readonly cpuMs: number
  /** Resident memory; what processes share counts once for each of them. */
  readonly rssBytes: number
  /** Proportional share of memory: what processes share counts once. */
  readonly pssBytes: number
}

/** USER_HZ, which Linux has fixed at 100 for user space on every architecture that Node runs on. */
const msPerTick = 10
const kibibyte = 1024

/** Processes that ended meanwhile count nothing. */
export function readFamilyUsage (pids: readonly number[]): FamilyUsage {
  const total = { cpuMs: 0, rssBytes: 0, pssBytes: 0 }
  for (const pid of pids) {
    const ticks = statFields(read(pid, 'stat')).slice(11, 15) // utime, stime, cutime, cstime: see proc(5)
    total.cpuMs += ticks.reduce((sum, value) => sum + Number(value), 0) * msPerTick
    total.rssBytes += kilobytes(read(pid, 'status'), 'VmRSS')
    total.pssBytes += kilobytes(read(pid, 'smaps_rollup'), 'Pss')
  }
  return total
}

function kilobytes (text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * kibibyte
}

function read (pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
