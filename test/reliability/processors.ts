/** Assignment of processors, so that the service has one for itself. Linux only. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const [first, ...others] = allowed()

export const clientProcessor = String(first)
/** Processor of the clients; the service's own if there is only one, which makes the numbers worse. */
export const serviceProcessor = String(others.at(-1) ?? first)

/** Pins all threads of a process, and those that it starts later. */
export function pinned (pid: number, processor: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', processor, String(pid)], { stdio: 'ignore' })
}

/** Processors of this process, such as `0-3,6`. */
function allowed (): number[] {
  const [, list = '0'] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
  return list.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number) as [number, number?]
    return Array.from({ length: to! - from + 1 }, (_, i) => from + i)
  })
}
