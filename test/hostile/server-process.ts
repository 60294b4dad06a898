/** The service as it is deployed: a process of its own, watched from outside. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { packageRoot } from '../../models/package-root.ts'

interface LogLine { readonly msg: string, readonly level: number, readonly path?: string, readonly [field: string]: unknown }

const MiB = 1024 * 1024
/** Of Linux, on every processor that this project runs on. */
const clockTicksPerSecond = 100

export class ServerProcess {
  readonly lines: LogLine[] = []
  stderr = ''
  port = 0
  readonly #child: ChildProcess

  private constructor (environment: Readonly<Record<string, string>>) {
    const { PATH = '' } = process.env
    this.#child = spawn(process.execPath, ['dist/api/server.js'], {
      cwd: packageRoot,
      env: { PATH, HOST: '127.0.0.1', PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let rest = ''
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const complete = (rest + text).split('\n')
      rest = complete.pop()!
      for (const line of complete) this.lines.push(JSON.parse(line) as LogLine)
      this.#child.emit('line')
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.stderr += text })
    this.#child.once('exit', () => this.#child.emit('line'))
  }

  /** Ready: the model has given its recorded answer. */
  static async start (environment: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const server = new ServerProcess(environment)
    const { msg } = await server.line(({ msg }) => msg.startsWith('Server listening at'))
    server.port = Number(new URL(msg.split(' at ')[1]!).port)
    await server.line(({ msg }) => msg === 'ready')
    return server
  }

  get isAlive (): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The first log line that `matches`, now or later. */
  async line (matches: (line: LogLine) => boolean): Promise<LogLine> {
    for (;;) {
      const found = this.lines.find(matches)
      if (found !== undefined) return found
      if (!this.isAlive) throw new Error(`The server ended while a line of its log was awaited: ${this.stderr}`)
      await once(this.#child, 'line')
    }
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
    const directory = `/proc/${this.#child.pid}/fd`
    return existsSync(directory) ? readdirSync(directory).length : undefined
  }

  async stop (): Promise<void> {
    if (!this.isAlive) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'close')
  }

  #readProc (file: string): string | undefined {
    const path = `/proc/${this.#child.pid}/${file}`
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined
  }
}
