/** Which processor is whose, where the service is to have one for itself. Linux only, as the promises are. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const [first, ...others] = allowed()

export const clientProcessor = String(first)
/** The same where there is one only: the numbers are then the worse for it. */
export const serviceProcessor = String(others.at(-1) ?? first)

/** All threads of a process, and whatever it starts from now on, run there. */
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
