/** Results as the lab writes them, made up: for tests of what is made from them. */
import { percentiles, stages } from '../../loadtest/plan.ts'
import { compareStart, compareThroughput } from '../../loadtest/reported.ts'
import { atMost, type Result } from '../../loadtest/result.ts'
import type { Distribution, Step } from '../../loadtest/step.ts'

/** A log-normal shape around a median. */
function distribution (median: number, spread = 0.35): Distribution {
  const z = [-2.33, -1.64, -1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28, 1.64, 2.05, 2.33, 3.09]
  const at = (deviations: number): number => median * Math.exp(spread * deviations)
  const byPercentile = Object.fromEntries(percentiles.map((percentile, i) => [String(percentile), at(z[i] ?? 0)]))
  return { count: 4000, mean: at(0.2), min: at(-3), max: at(3.6), percentiles: byPercentile }
}

function step (label: string, medianMs: number, perSecond: number, more: Partial<Step> = {}): Step {
  const share = { read: 0.02, decode: 0.3, queue: 0.35, run: 0.25, post: 0.01 }
  return {
    label,
    load: 'closed',
    users: 16,
    seconds: 30,
    sent: 4000,
    images: 4000,
    imagesPerSecond: perSecond,
    requestsPerSecond: perSecond,
    latencyMs: distribution(medianMs),
    stagesMs: Object.fromEntries(stages.map((stage) => [stage, distribution(medianMs * share[stage])])),
    dropped: 0,
    rejections: 0,
    rejectionsWithRetryAfter: 0,
    failures: 0,
    cpuSecondsPerImage: 0.0087,
    peakRssBytes: 262e6,
    segments: [],
    voidReasons: [],
    ...more,
  }
}

function result (profile: string, day: number, more: Partial<Result>): Result {
  return {
    profile,
    at: `2026-11-${String(day).padStart(2, '0')}T10:20:30.000Z`,
    machine: { processor: 'Example 9000', cores: 2, memoryBytes: 24 * 2 ** 30, os: 'linux 6.1.0 x64', node: '20.20.2', loadBefore: 0.12 },
    commit: { sha: String(day).repeat(20).slice(0, 40).padEnd(40, '0'), subject: 'perf: a faster stage', isClean: true },
    model: { name: 'ghostnet_100', version: '0123456789ab', layout: 'blocked16', provider: 'cpu' },
    settings: { users: 16, seconds: 30, boundMs: 100, photos: 'web', form: 'raw', imagesPerRequest: 1 },
    steps: [],
    verdicts: [],
    voidReasons: [],
    comparisons: [],
    ...more,
  }
}

/** One result of each kind, and older ones of two kinds; one failed, one is void. */
export function exampleHistory (): Result[] {
  const steady = (day: number, perSecond: number): Result => result('steady', day, {
    steps: [step('16 users', 16_000 / perSecond, perSecond)],
    headline: 0,
    verdicts: [atMost('requests that failed (16 users)', 0, 0, '')],
    comparisons: compareThroughput('ghostnet_100', perSecond),
  })
  const rates = [[80, 21], [113, 24], [134, 31], [160, 190], [146, 44], [153, 62], [156, 130], [149, 47]] as const
  const capacity = rates.map(([rate, p99], i) => step(`${rate}/s`, p99 / 2.26, rate, { load: 'open', users: 192, offeredPerSecond: rate, senderLagP99Ms: i / 10 }))
  const segments = [['before', 0, 12], ['spike', 20, 310], ['recovery', 30, 85], ['after', 35, 13]] as const
  return [
    steady(20, 168), steady(21, 171), steady(22, 183),
    result('smoke', 22, { steps: [step('closed loop', 31, 110)], headline: 0, voidReasons: ['Users ran out: no user was free for 3 requests when they were due.'] }),
    result('capacity', 22, { steps: capacity, headline: 7, capacityPerSecond: 149, comparisons: compareThroughput('ghostnet_100', 149) }),
    result('spike', 22, {
      steps: [step('spike', 20, 90, {
        segments: segments.map(([name, fromSeconds, median]) => ({
          name, fromSeconds, images: 900, rejections: name === 'spike' ? 240 : 0, failures: 0, latencyMs: distribution(median), rssBytes: 240e6 + median * 1e5,
        })),
      })],
      headline: 0,
    }),
    result('cold', 22, {
      coldStartsMs: [612, 540, 498, 523, 505],
      startPhasesMs: { load: 180, listen: 240, session: 410, ready: 470 },
      verdicts: [atMost('start to first response, median', 523, 500, 'ms')],
      comparisons: compareStart(0.523),
    }),
    steady(23, 190),
  ]
}
