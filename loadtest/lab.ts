/** A service, photos to send, and k6. A profile runs one load after another on it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../models/package-root.ts'
import { writeBodies, type BodyForm } from './bodies.ts'
import { LabError } from './lab-error.ts'
import type { Photo } from './photos.ts'
import type { BodyFile, Plan, Segment } from './plan.ts'
import { scheduleArrivals, type Stretch } from './poisson.ts'
import { readStep, type Step } from './step.ts'
import { UsageSampler } from './usage-sampler.ts'
import type { StepMinimum } from './void-rules.ts'

export interface LabOptions {
  readonly k6: string
  readonly url: string
  /** The service's process, if it runs on this machine. */
  readonly pid?: number | undefined
  readonly photos: readonly Photo[]
  readonly form: BodyForm
  readonly imagesPerRequest: number
  /** Takes the page of k6's own dashboard, after each step. */
  readonly writeDashboard?: ((page: string) => Promise<void>) | undefined
  /** Called before each step and after it. */
  readonly log?: (sentence: string) => void
}

export interface StepOptions {
  readonly label: string
  readonly warmupSeconds?: number
  readonly segments?: readonly Segment[]
  readonly minimum: StepMinimum
}

/** What all bodies of one user may take of the sender's memory. */
const bodyBytesPerUser = 2_000_000
const defaultWarmupSeconds = 3
const warmupUsers = 8
/** A service of the default configuration has at most 128 images in flight: further requests are rejected at once and free their user. */
const openUsers = 192

export class Lab implements Disposable {
  readonly #options: LabOptions
  readonly #work = mkdtempSync(join(tmpdir(), 'ghostserve-lab-'))
  #bodies: readonly BodyFile[] | undefined
  #steps = 0

  constructor (options: LabOptions) {
    this.#options = options
  }

  /** `users` who each wait for their answer. */
  async runClosed (users: number, seconds: number, options: StepOptions): Promise<Step> {
    return await this.#run({ kind: 'closed', users, seconds }, options)
  }

  /** Poisson arrivals of the rates of `stretches`. The seed differs from step to step, and is the same from run to run. */
  async runOpen (stretches: readonly Stretch[], options: StepOptions): Promise<Step> {
    const arrivalsMs = scheduleArrivals(stretches, this.#steps)
    const arrivalsPath = join(this.#work, `arrivals-${this.#steps}.json`)
    await writeFile(arrivalsPath, JSON.stringify(arrivalsMs))
    const requests = arrivalsMs.length
    return await this.#run({ kind: 'open', arrivalsPath, requests, lastArrivalMs: arrivalsMs.at(-1) ?? 0, maxUsers: Math.min(openUsers, requests) }, options)
  }

  [Symbol.dispose] (): void {
    rmSync(this.#work, { recursive: true, force: true })
  }

  async #run (load: Plan['load'], { label, warmupSeconds = defaultWarmupSeconds, segments = [], minimum }: StepOptions): Promise<Step> {
    const { k6, url, pid, photos, form, imagesPerRequest, writeDashboard, log } = this.#options
    this.#bodies ??= await writeBodies(this.#work, photos, form, imagesPerRequest)
    const meanBytes = this.#bodies.reduce((sum, { bytes }) => sum + bytes, 0) / this.#bodies.length
    const bodiesPerUser = Math.max(1, Math.min(this.#bodies.length, Math.floor(bodyBytesPerUser / meanBytes)))
    const plan: Plan = { url, bodies: this.#bodies, bodiesPerUser, warmupSeconds, warmupUsers, load, segments }
    const step = this.#steps++
    const planPath = join(this.#work, `plan-${step}.json`)
    const summaryPath = join(this.#work, `summary-${step}.json`)
    const dashboard = join(this.#work, `dashboard-${step}.html`)
    await writeFile(planPath, JSON.stringify(plan))
    log?.(`${label} ...`)
    const sampler = pid === undefined ? undefined : new UsageSampler(pid)
    try {
      await runK6(k6, {
        PLAN: planPath,
        SUMMARY: summaryPath,
        ...(writeDashboard !== undefined && { K6_WEB_DASHBOARD: 'true', K6_WEB_DASHBOARD_PORT: '-1', K6_WEB_DASHBOARD_EXPORT: dashboard }),
      })
      // k6 writes none of a step that is too short for one.
      if (existsSync(dashboard)) await writeDashboard?.(readFileSync(dashboard, 'utf8'))
      return readStep(label, JSON.parse(readFileSync(summaryPath, 'utf8')), plan, minimum, sampler)
    } finally {
      sampler?.stop()
    }
  }
}

async function runK6 (k6: string, env: Record<string, string>): Promise<void> {
  const script = join(packageRoot, 'loadtest/k6/classify.ts')
  const child = spawn(k6, ['run', '--quiet', '--no-usage-report', '--no-color', '--address', '', script], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const end = (): void => { child.kill('SIGKILL') }
  process.once('exit', end)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said = (said + text).slice(-4000) })
  const [exitCode] = await once(child, 'close') as [number | null]
  process.off('exit', end)
  if (exitCode !== 0) throw new LabError('BAD_RESULT', `Expected k6 to end with 0, got ${exitCode ?? 'a signal'}: ${said.trim().split('\n').slice(-3).join(' ')}`)
}
