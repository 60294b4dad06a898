/**
 * A process whose whole family can be found and ended. Servers start workers that outlive them, start sessions of their own and change
 * parents; what all of them inherit is the environment, so a variable in it marks them.
 */
import { randomUUID } from 'node:crypto'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { statFields } from '../process-stat.ts'
import { endWithThisProcess, makeTemporaryFolder } from './leave-nothing.ts'

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** Beside the variables of this process. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

const markName = 'GHOSTSERVE_LOADTEST_MARK'
const pollIntervalMs = 20
const signalGraceMs = 2000
const killTimeoutMs = 5000
const logLines = 12

export class MarkedProcess {
  readonly pid: number
  /** `performance.now()` at the spawn. */
  readonly spawnedAt: number
  readonly #mark = randomUUID()
  readonly #child: ChildProcess
  readonly #work = makeTemporaryFolder()
  readonly #exit: Promise<void>
  readonly #forget: () => void

  /** Its output goes to a file: a pipe would cost this process, which shares the cores, a wake-up a line. */
  constructor ({ program, args, env = {}, cwd = process.cwd() }: Command) {
    const log = openSync(this.#logPath, 'w')
    this.spawnedAt = performance.now()
    // What it leaves in the folder for temporary files goes with ours.
    const variables = { ...withoutNpm(process.env), TMPDIR: this.#work.path, ...env, [markName]: this.#mark }
    this.#child = spawn(program, args, { cwd, env: variables, stdio: ['ignore', log, log] })
    closeSync(log)
    this.#exit = new Promise((resolve) => this.#child.once('exit', () => resolve()).once('error', () => resolve()))
    this.pid = this.#child.pid ?? 0
    this.#forget = endWithThisProcess({ end: async () => await this.stop(signalGraceMs), endNow: () => this.#kill() })
  }

  get isRunning (): boolean {
    return this.pid !== 0 && this.#child.exitCode === null && this.#child.signalCode === null
  }

  get exitCode (): number | null {
    return this.#child.exitCode
  }

  /** The end of what it printed. */
  get log (): string {
    return readFileSync(this.#logPath, 'utf8').trim().split('\n').slice(-logLines).join('\n')
  }

  /** Every process of the family that lives. */
  pids (): number[] {
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
    const marked = new Set(processes.filter((pid) => readProc(pid, 'environ').includes(`${markName}=${this.#mark}\0`)))
    if (this.isRunning) marked.add(this.pid)
    // A title that a process gives itself may lie over its environment.
    for (let size = -1; size !== marked.size;) {
      size = marked.size
      for (const pid of processes) if (marked.has(parentOf(pid))) marked.add(pid)
    }
    return [...marked].filter((pid) => stateOf(pid) !== 'Z')
  }

  /** Waits until it ends by itself. @returns The end of what it printed. */
  async end (): Promise<string> {
    await this.#exit
    const { log } = this
    await this.stop(0)
    return log
  }

  /** SIGTERM to the process, and after the grace SIGKILL to whoever of the family is left. */
  async stop (graceMs = 5000): Promise<void> {
    if (this.isRunning) this.#child.kill('SIGTERM')
    const family = new Set<number>()
    const deadline = performance.now() + graceMs
    for (let pids = this.pids(); pids.length > 0; pids = this.pids()) {
      for (const pid of pids) family.add(pid)
      if (performance.now() >= deadline) break
      await sleep(pollIntervalMs)
    }
    this.#kill()
    if (this.isRunning) await once(this.#child, 'exit')
    // A process that is ending has lost its environment, and with it the mark, before it is gone.
    const gone = performance.now() + killTimeoutMs
    while ([...family].some((pid) => stateOf(pid) !== 'Z') && performance.now() < gone) await sleep(pollIntervalMs)
    this.#forget()
    this.#work.remove()
  }

  /** SIGKILL to the whole family, and again until there is nobody: one that is being born escapes the first round. */
  #kill (): void {
    const deadline = performance.now() + killTimeoutMs
    for (let pids = this.pids(); pids.length > 0 && performance.now() < deadline; pids = this.pids()) {
      for (const pid of pids) try { process.kill(pid, 'SIGKILL') } catch {} // it ended meanwhile
    }
  }

  get #logPath (): string {
    return join(this.#work.path, 'output.log')
  }
}

/** npm's variables make our entry follow npm as its parent, which it is not here. */
function withoutNpm (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('npm_')))
}

function readProc (pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return '' // it ended meanwhile, or belongs to somebody else
  }
}

const stateOf = (pid: number): string => statFields(readProc(pid, 'stat'))[0] || 'Z'
const parentOf = (pid: number): number => Number(statFields(readProc(pid, 'stat'))[1] ?? -1)
