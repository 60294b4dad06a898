/** The service under load: a process of its own, as in production, on a free port of the loopback. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { packageRoot } from '../models/package-root.ts'
import { freePort } from './free-port.ts'
import { LabError } from './lab-error.ts'

export interface ServiceOptions {
  /** Checkout to run. @defaultValue this one */
  readonly root?: string
  /** Configuration beyond the defaults, which are those of production except one address's share of the queue. */
  readonly env?: Readonly<Record<string, string>>
}

export interface Service {
  readonly url: string
  readonly pid: number
  /** `performance.now()` at the spawn. */
  readonly spawnedAt: number
  /** SIGTERM, and waits for the end. @throws LabError `NO_SERVICE` if it does not end with 0. */
  stop (): Promise<void>
}

const pollIntervalMs = 5
const readyTimeoutMs = 300_000 // a first start installs and builds
const stopTimeoutMs = 15_000

/** Starts the service and waits until it is ready. @throws LabError `NO_SERVICE` with the log's end if it never is. */
export async function startService (options: ServiceOptions = {}): Promise<Service> {
  const service = await spawnService(options)
  const isReady = async (): Promise<boolean> => await fetch(`${service.url}/readyz`).then(({ ok }) => ok, () => false)
  const deadline = performance.now() + readyTimeoutMs
  while (!await isReady()) {
    if (!service.isRunning() || performance.now() > deadline) {
      const outcome = service.isRunning() ? `did not within ${readyTimeoutMs / 1000} s` : 'ended'
      const log = service.readLog()
      await service.stop().catch(() => {})
      throw new LabError('NO_SERVICE', `Expected the service to become ready, but it ${outcome}: ${log}`)
    }
    await sleep(pollIntervalMs)
  }
  return service
}

export interface StartingService extends Service {
  isRunning (): boolean
  /** Tail of its log. */
  readLog (): string
}

/** Starts the service and waits for nothing: to measure the start itself. */
export async function spawnService ({ root = packageRoot, env = {} }: ServiceOptions): Promise<StartingService> {
  const port = await freePort()
  const work = mkdtempSync(join(tmpdir(), 'ghostserve-loadtest-'))
  const logPath = join(work, 'service.log')
  // To a file: a pipe would cost this process, which shares the cores, a wake-up per request.
  const log = openSync(logPath, 'w')
  const spawnedAt = performance.now()
  const child = spawn(process.execPath, [join(root, 'api/bootstrap.cjs'), 'serve'], {
    cwd: root,
    env: { ...withoutNpm(process.env), HOST: '127.0.0.1', PORT: String(port), MAX_CLIENT_IMAGES: '0', DRAIN_DELAY_MS: '0', ...env },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const end = (): void => { child.kill('SIGKILL') } // nothing is left behind if this process dies of an error
  process.once('exit', end)
  const readLog = (): string => readFileSync(logPath, 'utf8').trim().split('\n').slice(-5).join('\n')
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    spawnedAt,
    readLog,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    stop: async () => {
      child.kill('SIGTERM')
      const giveUp = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
      const [exitCode, signal] = await exited
      clearTimeout(giveUp)
      process.off('exit', end)
      const tail = readLog()
      rmSync(work, { recursive: true, force: true })
      if (exitCode !== 0) throw new LabError('NO_SERVICE', `Expected the service to end with 0, got ${exitCode ?? signal}: ${tail}`)
    },
  }
}

/** npm's variables make the entry follow npm as its parent, which it is not here. */
function withoutNpm (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('npm_')))
}
