/** Two checkouts under the same load, alternating in short slices: A B, B A, A B. */
import { findK6 } from './k6-binary.ts'
import { Lab } from './lab.ts'
import { LabError } from './lab-error.ts'
import { makePhotos } from './photos.ts'
import { isRandomModel, makeRandomModel } from './random-model.ts'
import type { RunNumbers, RunPair } from './regression.ts'
import { startService } from './service.ts'
import { percentileOf, type Step } from './step.ts'

export interface PairedRunOptions {
  readonly pairs: number
  /** Duration of each of a run's two loads: idle and busy. */
  readonly seconds: number
  readonly model: string
  readonly log: (sentence: string) => void
}

/** A checkout whose service runs. */
interface Side extends AsyncDisposable {
  readonly lab: Lab
}

const busyUsers = 16
const minimum = { seconds: 0, requests: 1 }
/** Started processes per side: one may be lucky with its memory for as long as it runs. */
const processesPerSide = 2
/** Percentile of the requests that other processes disturbed least: they only ever add time. */
const quietPercentile = 20

/** @param base - Root of a checkout that is built. @param head - Root of another. */
export async function runPairs (base: string, head: string, { pairs, seconds, model, log }: PairedRunOptions): Promise<RunPair[]> {
  const results: RunPair[] = []
  for (let started = 1; started <= processesPerSide; started++) {
    await using a = await openSide(base, model)
    await using b = await openSide(head, model)
    while (results.length < Math.ceil(pairs * started / processesPerSide)) {
      // Each is first as often as second, so that drifts, as of the processor's temperature, cancel.
      const isBaseFirst = results.length % 2 === 0
      const [first, second] = isBaseFirst ? [a, b] : [b, a]
      const idle = [await runIdle(first, seconds), await runIdle(second, seconds)] as const
      const busy = [await runBusy(first, seconds), await runBusy(second, seconds)] as const
      const [x, y] = [{ ...idle[0], ...busy[0] }, { ...idle[1], ...busy[1] }]
      const pair: RunPair = isBaseFirst ? { base: x, head: y } : { base: y, head: x }
      results.push(pair)
      log(`pair ${results.length} of ${pairs}: idle ${describe(pair, 'idle p20')} ms, busy ${describe(pair, 'busy requests/s')} requests/s`)
    }
  }
  return results
}

/** Starts the service of a checkout, on a model that the checkout itself compiled: its graphs are part of what is compared. */
async function openSide (root: string, model: string): Promise<Side> {
  const k6 = await findK6()
  const photos = await makePhotos(['web'])
  const service = await startService({ root, env: { MODEL: isRandomModel(model) ? await makeRandomModel(model, root) : model } })
  const lab = new Lab({ k6, url: service.url, pid: service.pid, photos, form: 'raw', imagesPerRequest: 1 })
  const close = async (): Promise<void> => {
    lab[Symbol.dispose]()
    await service.stop()
  }
  try {
    await lab.runClosed(busyUsers, 3, { label: 'warm-up', warmupSeconds: 0, minimum })
    return { lab, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

async function runIdle ({ lab }: Side, seconds: number): Promise<RunNumbers> {
  const step = answered(await lab.runClosed(1, seconds, { label: 'idle', warmupSeconds: 0, minimum }))
  return { 'idle p20': percentileOf(step.latencyMs, quietPercentile), 'idle p50': percentileOf(step.latencyMs, 50), ...stageNumbers('idle', step, quietPercentile) }
}

async function runBusy ({ lab }: Side, seconds: number): Promise<RunNumbers> {
  const step = answered(await lab.runClosed(busyUsers, seconds, { label: 'busy', warmupSeconds: 0, minimum }))
  return {
    'busy requests/s': step.requestsPerSecond,
    'busy p50': percentileOf(step.latencyMs, 50),
    'busy p99': percentileOf(step.latencyMs, 99),
    'busy CPU': (step.cpuSecondsPerImage ?? 0) * 1000,
    'busy RSS': (step.peakRssBytes ?? 0) / 1e6,
    ...stageNumbers('busy', step, 50),
  }
}

function answered (step: Step): Step {
  const unanswered = step.failures + step.rejections
  if (unanswered > 0) throw new LabError('BAD_RESULT', `Expected a result for every request, got ${unanswered} without one (${step.label}).`)
  return step
}

function stageNumbers (label: string, { stagesMs }: Step, percentile: 20 | 50): RunNumbers {
  return Object.fromEntries(Object.entries(stagesMs).map(([stage, times]) => [`${label} stage ${stage}`, percentileOf(times, percentile)]))
}

function describe ({ base, head }: RunPair, name: string): string {
  return `${base[name]?.toFixed(1)} and ${head[name]?.toFixed(1)}`
}
