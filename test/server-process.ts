/** The service as it is deployed: a process of its own, spawned, signalled, and watched from outside. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { packageRoot } from '../models/package-root.ts'

export interface LogLine {
  readonly msg: string
  readonly level: number
  /** Milliseconds since the Unix epoch. */
  readonly time: number
  readonly path?: string
  readonly [field: string]: unknown
}

/** Node's arguments: the command of the README, or the built server alone, which starts faster. */
export const deployed = ['api/bootstrap.cjs', 'serve'] as const
const built = ['dist/bundle/server.js'] as const

export interface ServerOptions {
  readonly entry?: readonly string[]
  /** Program and arguments that become the service, as `sh -c 'exec "$@"' sh` does. */
  readonly launcher?: readonly string[]
}

const MiB = 1024 * 1024
/** Clock ticks per second of Linux, on every processor that this project runs on. */
const clockTicksPerSecond = 100

export class ServerProcess {
  readonly lines: LogLine[] = []
  stderr = ''
  port = 0
  readonly #child: ChildProcess
  /** Resolves once the process has ended and its output is complete. */
  readonly #closed: Promise<unknown>
  #isLogKept = true

  /** Spawns the service, without waiting for it. */
  constructor (environment: Readonly<Record<string, string>> = {}, { entry = built, launcher = [] }: ServerOptions = {}) {
    const { PATH = '' } = process.env
    const [program, ...args] = [...launcher, process.execPath, ...entry] as [string, ...string[]]
    this.#child = spawn(program, args, {
      cwd: packageRoot,
      env: { PATH, HOST: '127.0.0.1', PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let rest = ''
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      if (!this.#isLogKept) return
      const complete = (rest + text).split('\n')
      rest = complete.pop()!
      for (const line of complete) this.lines.push(JSON.parse(line) as LogLine)
      this.#child.emit('line')
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.stderr += text })
    this.#closed = once(this.#child, 'close')
    this.#child.once('close', () => this.#child.emit('line'))
  }

  static async start (environment?: Readonly<Record<string, string>>, options?: ServerOptions): Promise<ServerProcess> {
    const server = new ServerProcess(environment, options)
    await server.ready()
    return server
  }

  get pid (): number {
    return this.#child.pid!
  }

  get url (): string {
    return `http://127.0.0.1:${this.port}`
  }

  get isAlive (): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves once the port is open; the model may not be loaded yet. */
  async listening (): Promise<void> {
    const { msg } = await this.line(({ msg }) => msg.startsWith('Server listening at'))
    this.port = Number(new URL(msg.split(' at ')[1]!).port)
  }

  /** The model's self-test has passed. */
  async ready (): Promise<void> {
    await this.listening()
    await this.line('ready')
  }

  /** The first log line with this message, or that a predicate accepts, now or later. */
  async line (wanted: string | ((line: LogLine) => boolean)): Promise<LogLine> {
    const isWanted = typeof wanted === 'string' ? ({ msg }: LogLine) => msg === wanted : wanted
    for (;;) {
      const found = this.lines.find(isWanted)
      if (found !== undefined) return found
      if (this.#child.stdout!.closed) throw new Error(`The server ended while a line of its log was awaited: ${this.stderr}`)
      await once(this.#child, 'line')
    }
  }

  /** From now on the log is read and thrown away: under load, parsing it would take a processor's time from the service. */
  forgetLog (): void {
    this.#isLogKept = false
  }

  /** Stops reading its output, so that it fills its pipe. */
  pauseLog (): void {
    this.#child.stdout!.pause()
  }

  /** The sum of the series of this name in /metrics. */
  async metric (name: string): Promise<number> {
    const response = await fetch(`${this.url}/metrics`)
    const series = [...(await response.text()).matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))]
    if (series.length === 0) throw new Error(`There is no metric ${name}.`)
    return series.reduce((sum, [, value]) => sum + Number(value), 0)
  }

  signal (signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The exit code, once the process has ended; null if a signal ended it. */
  async exitCode (): Promise<number | null> {
    await this.#closed
    return this.#child.exitCode
  }

  /** Resident memory in MiB; undefined where there is no /proc. */
  residentMiB (): number | undefined {
    const status = this.#readProc('status')
    return status === undefined ? undefined : Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024 / MiB
  }

  /** Processor time so far, of all threads; infinite where there is no /proc. */
  processorMs (): number {
    const [user, system] = this.#readProc('stat')?.split(') ').at(-1)!.split(' ').slice(11, 13).map(Number) ?? []
    return user === undefined || system === undefined ? Infinity : (user + system) * 1000 / clockTicksPerSecond
  }

  /** Open descriptors; undefined where there is no /proc. */
  descriptors (): number | undefined {
    const directory = `/proc/${this.pid}/fd`
    return existsSync(directory) ? readdirSync(directory).length : undefined
  }

  /** Files that it has open for writing: neither sockets nor pipes nor devices. */
  filesOpenForWriting (): string[] {
    return readdirSync(`/proc/${this.pid}/fd`).flatMap((descriptor) => {
      const flags = Number.parseInt(/^flags:\s+(\d+)/m.exec(this.#readProc(`fdinfo/${descriptor}`) ?? '')?.[1] ?? '0', 8)
      const target = readlinkSync(`/proc/${this.pid}/fd/${descriptor}`)
      return (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0 && /^\/(?!dev\/)/.test(target) ? [target] : []
    })
  }

  async stop (): Promise<void> {
    this.signal('SIGKILL')
    this.#child.stdout!.resume()
    await this.#closed
  }

  #readProc (file: string): string | undefined {
    const path = `/proc/${this.pid}/${file}`
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined
  }
}
