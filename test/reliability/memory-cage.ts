/** A control group that bounds the memory of a process, version 1 or 2. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface MemoryCage {
  /** Command prefix that puts a program into the group. */
  readonly launcher: readonly string[]
  /** Processes that the kernel killed for lack of memory. */
  oomKills (): number
  /** Removes the group once it is empty. */
  remove (): void
}

const groups = '/sys/fs/cgroup'

/** @returns The reason if this machine has no such group. */
export function openMemoryCage (bytes: number): MemoryCage | string {
  const isOne = existsSync(join(groups, 'memory'))
  const own = readFileSync('/proc/self/cgroup', 'utf8').split('\n').find((line) => isOne ? line.includes(':memory:') : line.startsWith('0::'))
  const parent = join(groups, isOne ? 'memory' : '', own?.split(':')[2] ?? '/')
  const folder = join(existsSync(parent) ? parent : join(groups, isOne ? 'memory' : ''), `ghostserve-${process.pid}`)
  const [limit, events] = isOne ? ['memory.limit_in_bytes', 'memory.oom_control'] : ['memory.max', 'memory.events']
  try {
    mkdirSync(folder)
    writeFileSync(join(folder, limit!), String(bytes))
  } catch (error) {
    if (existsSync(folder)) rmdirSync(folder)
    return `no control group for memory can be made here: ${(error as Error).message}`
  }
  return {
    launcher: ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', folder],
    oomKills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(folder, events!), 'utf8'))?.[1] ?? NaN),
    remove: () => rmdirSync(folder),
  }
}
