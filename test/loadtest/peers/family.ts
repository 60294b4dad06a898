/** Processes like those of servers: a parent, a worker, and a grandchild that left its session. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from '../../../loadtest/peers/marked-process.ts'

const grandchild = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'
const child = `
  require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { detached: true, stdio: 'ignore' })
  setInterval(() => {}, 1000)`
const parent = `
  require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'ignore' })
  setInterval(() => {}, 1000)`

/** @param manner - On SIGTERM, whether the parent leaves its workers behind, as some servers do, or ignores it. */
export function familyOf (manner: 'ends when told' | 'ignores being told'): Command {
  const prelude = manner === 'ends when told' ? '' : 'process.on("SIGTERM", () => {});'
  return { program: process.execPath, args: ['-e', `${prelude}${parent}`] }
}

/** A process that ended is gone or waits to be collected. */
export function isAlive (pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z'
  } catch {
    return false
  }
}

export async function waitFor (condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20)
}
