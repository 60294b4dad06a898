/** Two checkouts under the same load, one after the other, again and again: A B, B A, A B. */
import { findK6 } from './k6-binary.ts'
import { Lab } from './lab.ts'
import { LabError } from './lab-error.ts'
import { makePhotos, type Photo } from './photos.ts'
import { isRandomModel, makeRandomModel } from './random-model.ts'
import type { RunNumbers, RunPair } from './regression.ts'
import { startService } from './service.ts'
import { percentileOf, type Step } from './step.ts'

export interface PairedRunOptions {
  readonly pairs: number
  /** Of each of a run's two loads: idle and busy. */
  readonly seconds: number
  readonly model: string
  readonly say: (sentence: string) => void
}

const busyUsers = 16
const minimum = { seconds: 0, requests: 1 }

/** @param base - Root of a checkout. @param head - Root of another. */
export async function runPairs (base: string, head: string, { pairs, seconds, model, say }: PairedRunOptions): Promise<RunPair[]> {
  const k6 = await findK6()
  const photos = await makePhotos(['web'])
  // Each commit compiles the model itself: its graphs are part of what is compared.
  const envOf = async (root: string): Promise<Record<string, string>> =>
    ({ MODEL: isRandomModel(model) ? await makeRandomModel(model, root) : model })
  const envs = new Map([[base, await envOf(base)], [head, await envOf(head)]])
  const results: RunPair[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const numbers = new Map<string, RunNumbers>()
    // Whatever drifts, as the processor's temperature does, meets each of them first as often as second.
    for (const root of pair % 2 === 0 ? [base, head] : [head, base]) {
      numbers.set(root, await runOnce(k6, photos, seconds, root, envs.get(root)!))
    }
    const result = { base: numbers.get(base)!, head: numbers.get(head)! }
    say(`pair ${pair + 1} of ${pairs}: idle p50 ${result.base['idle p50']?.toFixed(1)} and ${result.head['idle p50']?.toFixed(1)} ms, ` +
      `busy ${result.base['busy requests/s']?.toFixed(0)} and ${result.head['busy requests/s']?.toFixed(0)} requests/s`)
    results.push(result)
  }
  return results
}

async function runOnce (
  k6: string, photos: readonly Photo[], seconds: number, root: string, env: Record<string, string>
): Promise<RunNumbers> {
  const service = await startService({ root, env })
  try {
    using lab = new Lab({ k6, url: service.url, pid: service.pid, photos, form: 'raw', imagesPerRequest: 1 })
    const idle = await lab.runClosed(1, seconds, { label: 'idle', warmupSeconds: 2, minimum })
    const busy = await lab.runClosed(busyUsers, seconds, { label: 'busy', warmupSeconds: 1, minimum })
    for (const { failures, refusals, label } of [idle, busy]) {
      if (failures + refusals > 0) throw new LabError('BAD_RESULT', `Expected every request to be answered, but ${failures + refusals} were not (${label}, ${root}).`)
    }
    return {
      'idle p50': percentileOf(idle.latencyMs, 50),
      'busy requests/s': busy.requestsPerSecond,
      'busy p50': percentileOf(busy.latencyMs, 50),
      'busy p99': percentileOf(busy.latencyMs, 99),
      'busy CPU': (busy.cpuSecondsPerImage ?? 0) * 1000,
      'busy RSS': (busy.peakRssBytes ?? 0) / 1e6,
      ...stageNumbers('idle', idle),
      ...stageNumbers('busy', busy),
    }
  } finally {
    await service.stop()
  }
}

/** Medians, since one pause of the machine would move a mean. */
function stageNumbers (label: string, { stagesMs }: Step): RunNumbers {
  return Object.fromEntries(Object.entries(stagesMs).map(([stage, distribution]) => [`${label} stage ${stage}`, percentileOf(distribution, 50)]))
}
