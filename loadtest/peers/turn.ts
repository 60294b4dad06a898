/** One run of one server, alone on the machine: start it, check its predictions, warm it up, load it, end it. */
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import { LabError } from '../lab-error.ts'
import type { BodyFile } from '../plan.ts'
import { readProportionalBytes, sumUsage } from '../process-usage.ts'
import { guessesOf, type Guess } from './agreement.ts'
import { runUsers } from './closed-loop.ts'
import type { Target } from './contestants.ts'
import { ProcessGroup } from './process-group.ts'

export interface Run {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU time of all processes of the server under load, per photo with a response. */
  readonly cpuMsPerImage: number
  /** Highest sums over its processes under load. */
  readonly rssBytes: number
  readonly pssBytes: number
  /** From the spawn to the first 200. */
  readonly startMs: number
  readonly failed: number
}

export interface RunOptions {
  /** Model directory. */
  readonly model: string
  readonly workers: number
  readonly bodies: readonly BodyFile[]
  readonly warmUpSeconds: number
  readonly seconds: number
}

const startTimeoutMs = 120_000
const pollIntervalMs = 5
const sampleIntervalMs = 1000
const photosToCheck = 4

export interface RunningServer {
  readonly process: ProcessGroup
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** From the spawn to the first 200. */
  readonly startMs: number
}

/**
 * Starts a server, waits for its first 200, and ends it after `use`, whatever happens.
 *
 * @throws LabError `NO_SERVICE` with the log's end if it never responds.
 */
export async function withServer<Result> (
  target: Target, { model, workers, bodies }: Pick<RunOptions, 'model' | 'workers' | 'bodies'>, use: (server: RunningServer) => Promise<Result>
): Promise<Result> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}${target.path}`
  const headers = { 'content-type': bodies[0]!.contentType, ...target.headers }
  const body = await readFile(bodies[0]!.path)
  const command = await target.command({ model, port, workers })
  const process = new ProcessGroup(command)
  try {
    const deadline = process.spawnedAt + startTimeoutMs
    while (await post(url, headers, body).then(({ status }) => status, () => 0) !== 200) {
      if (!process.isRunning || performance.now() > deadline) {
        throw new LabError('NO_SERVICE', `Expected ${target.name} to answer, but it ${process.isRunning ? 'did not in time' : 'ended'}: ${process.log}`)
      }
      await sleep(pollIntervalMs)
    }
    return await use({ process, url, headers, startMs: performance.now() - process.spawnedAt })
  } finally {
    await process.stop()
  }
}

/** The run, and the guesses for the first photos, to be compared. */
export async function measureRun (target: Target, options: RunOptions): Promise<{ run: Run, guesses: Guess[][] }> {
  return await withServer(target, options, async ({ process, url, headers, startMs }) => {
    const { bodies, warmUpSeconds, seconds } = options
    const guesses = await classify(url, headers, bodies)
    await runUsers({ url, headers, bodies: bodies.map(({ path }) => path), seconds: warmUpSeconds })

    let [cpuSeconds, rssBytes, pssBytes] = [0, 0, 0]
    const sample = (): void => {
      const pids = process.pids()
      const usage = sumUsage(pids)
      cpuSeconds = usage?.cpuSeconds ?? NaN
      rssBytes = Math.max(rssBytes, usage?.rssBytes ?? 0)
      pssBytes = Math.max(pssBytes, readProportionalBytes(pids))
    }
    sample()
    const cpuSecondsBefore = cpuSeconds
    const sampler = setInterval(sample, sampleIntervalMs)
    const report = await runUsers({ url, headers, bodies: bodies.map(({ path }) => path), seconds }).finally(() => clearInterval(sampler))
    sample()
    const cpuMs = (cpuSeconds - cpuSecondsBefore) * 1000

    const { answered, failed, p50Ms, p99Ms } = report
    return {
      guesses,
      run: {
        requestsPerSecond: answered / report.seconds, p50Ms, p99Ms, cpuMsPerImage: cpuMs / answered, rssBytes, pssBytes, startMs, failed,
      },
    }
  })
}

async function classify (url: string, headers: Readonly<Record<string, string>>, bodies: readonly BodyFile[]): Promise<Guess[][]> {
  const answers: Guess[][] = []
  for (const { path } of bodies.slice(0, photosToCheck)) {
    const { status, text } = await post(url, headers, await readFile(path))
    if (status !== 200) throw new LabError('BAD_RESULT', `Expected 200 for a photo from ${url}, got ${status}: ${text.slice(0, 200)}`)
    answers.push(guessesOf(text))
  }
  return answers
}

async function post (url: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<{ status: number, text: string }> {
  const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body), signal: AbortSignal.timeout(60_000) })
  return { status: response.status, text: await response.text() }
}
