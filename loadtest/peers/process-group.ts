/** A program that ends together with its descendants: it leads a session and a process group of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LabError } from '../lab-error.ts'
import { listSession } from '../process-usage.ts'

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** Variables in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

const pollIntervalMs = 20
const logLines = 12
const running = new Set<ProcessGroup>()

/** Makes this process kill its groups and remove their temporary files when it ends, by a signal too. */
export function cleanUpAtExit (): void {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-peers-'))
  process.env['TMPDIR'] = folder // of this process and of whatever it starts
  process.once('exit', () => {
    for (const group of running) group.kill()
    rmSync(folder, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]))
  }
}

export class ProcessGroup {
  readonly pid: number
  /** `performance.now()` at the spawn. */
  readonly spawnedAt = performance.now()
  readonly #child: ChildProcess
  readonly #exit: Promise<unknown>
  readonly #logPath = join(mkdtempSync(join(tmpdir(), 'ghostserve-log-')), 'output.log')

  /**
   * Starts the program. Its output goes to a file: a pipe would cost this process, which shares the cores, a wake-up per line.
   *
   * @throws LabError `NO_SERVICE` where there is no such program.
   */
  constructor ({ program, args, env = {}, cwd = process.cwd() }: Command) {
    const log = openSync(this.#logPath, 'w')
    const environment = { ...withoutNpm(process.env), ...env }
    this.#child = spawn(program, args, { cwd, env: environment, detached: true, stdio: ['ignore', log, log] })
    closeSync(log)
    this.#exit = once(this.#child, 'exit').catch(() => {}) // it was never there
    if (this.#child.pid === undefined) {
      this.#removeLog()
      throw new LabError('NO_SERVICE', `Expected the program ${program}, but there is none.`)
    }
    this.pid = this.#child.pid
    running.add(this)
  }

  get isRunning (): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get exitCode (): number | null {
    return this.#child.exitCode
  }

  /** Tail of its output. */
  get log (): string {
    return readFileSync(this.#logPath, 'utf8').trim().split('\n').slice(-logLines).join('\n')
  }

  /** All running processes of the group. */
  pids (): number[] {
    return listSession(this.pid)
  }

  /** Waits until it ends by itself. @returns Tail of its output. */
  async end (): Promise<string> {
    await this.#exit
    const { log } = this
    await this.stop(0)
    return log
  }

  /** SIGTERM to the program, and after the grace SIGKILL to what is left of the group. */
  async stop (graceMs = 5000): Promise<void> {
    const members = this.pids() // one that left the session is lost once its parent is gone
    if (this.isRunning) this.#child.kill('SIGTERM')
    for (const deadline = performance.now() + graceMs; this.pids().length > 0 && performance.now() < deadline;) await sleep(pollIntervalMs)
    this.kill(members)
    await this.#exit
    running.delete(this)
    this.#removeLog()
  }

  #removeLog (): void {
    rmSync(dirname(this.#logPath), { recursive: true, force: true })
  }

  /** SIGKILL to the group at once, and to processes that left it. @param others - In addition to those that are found now. */
  kill (others: readonly number[] = []): void {
    for (const pid of [-this.pid, ...this.pids(), ...others]) try { process.kill(pid, 'SIGKILL') } catch {} // it has ended
  }
}

/** npm's variables make our entry follow npm as its parent, which it is not here. */
function withoutNpm (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('npm_')))
}
