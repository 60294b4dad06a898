/** One load, measured by k6's summary and samples of the service's process. */
import { Type, type Static } from 'typebox'
import { Check } from 'typebox/value'
import { LabError } from './lab-error.ts'
import { percentiles, stages, type Plan } from './plan.ts'
import { findVoidReasons, type StepMinimum } from './void-rules.ts'
import type { UsageSampler } from './usage-sampler.ts'

const DistributionSchema = Type.Object({
  count: Type.Integer(),
  mean: Type.Number(),
  min: Type.Number(),
  max: Type.Number(),
  percentiles: Type.Record(Type.String(), Type.Number(), { description: 'By percentile, as in "99.9".' }),
})

export type Distribution = Static<typeof DistributionSchema>

export const StepSchema = Type.Object({
  label: Type.String(),
  load: Type.Union([Type.Literal('closed'), Type.Literal('open')]),
  users: Type.Integer({ description: 'In an open load, how many requests could be on their way.' }),
  offeredPerSecond: Type.Optional(Type.Number({ description: 'Of an open load: requests scheduled a second.' })),
  seconds: Type.Number({ description: 'From the first arrival to the last response.' }),
  sent: Type.Integer(),
  images: Type.Integer({ description: 'With predictions.' }),
  imagesPerSecond: Type.Number(),
  requestsPerSecond: Type.Number({ description: 'Answered in full.' }),
  latencyMs: Type.Optional(DistributionSchema),
  stagesMs: Type.Record(Type.String(), DistributionSchema, { description: 'By the names in Server-Timing.' }),
  senderLagP99Ms: Type.Optional(Type.Number()),
  dropped: Type.Integer({ description: 'Scheduled and never sent.' }),
  rejections: Type.Integer({ description: 'Answers 503 and 429.' }),
  rejectionsWithRetryAfter: Type.Integer(),
  rejectionP99Ms: Type.Optional(Type.Number()),
  failures: Type.Integer({ description: 'Requests with neither a complete response nor a rejection.' }),
  cpuSecondsPerImage: Type.Optional(Type.Number({ description: 'Of the service, all threads.' })),
  peakRssBytes: Type.Optional(Type.Integer()),
  segments: Type.Array(Type.Object({
    name: Type.String(),
    fromSeconds: Type.Number(),
    images: Type.Integer({ description: 'Answered in this stretch, whenever they came.' }),
    rejections: Type.Integer({ description: 'Of what came in this stretch, as all that follows.' }),
    failures: Type.Integer(),
    latencyMs: Type.Optional(DistributionSchema),
    rssBytes: Type.Optional(Type.Integer()),
  })),
  voidReasons: Type.Array(Type.String(), { description: 'Why it does not count. Empty: it does.' }),
})

export type Step = Static<typeof StepSchema>

const SummarySchema = Type.Object({
  metrics: Type.Record(Type.String(), Type.Object({ values: Type.Record(Type.String(), Type.Number()) })),
})

/**
 * Reads k6's summary of a run of `k6/classify.ts`.
 *
 * @param sampler - Of the service's process, if it runs here.
 * @throws LabError `BAD_RESULT` if nothing was sent.
 */
export function readStep (label: string, summary: unknown, plan: Plan, minimum: StepMinimum, sampler?: UsageSampler): Step {
  if (!Check(SummarySchema, summary)) throw new LabError('BAD_RESULT', 'Expected k6\'s summary with its metrics, got something else.')
  const valuesOf = (metric: string): Record<string, number> => summary.metrics[metric]?.values ?? {}
  const count = (metric: string): number => valuesOf(metric)['count'] ?? 0
  const { min: startedAt, max: endedAt } = valuesOf('clock_ms')
  if (startedAt === undefined || endedAt === undefined) throw new LabError('BAD_RESULT', `Expected requests in the step "${label}", but k6 sent none.`)

  const { load } = plan
  const seconds = (endedAt - startedAt) / 1000
  const sent = count('sent')
  const images = count('images')
  const scheduled = load.kind === 'open' ? load.requests : undefined
  const senderLagP99Ms = load.kind === 'open' ? valuesOf('sender_lag_ms')['p(99)'] : undefined
  const latencyMs = distributionOf(valuesOf('latency_ms'))
  const rejectionP99Ms = count('rejections') > 0 ? valuesOf('rejection_latency_ms')['p(99)'] : undefined
  const usage = sampler?.between(startedAt, endedAt)
  return {
    label,
    load: load.kind,
    users: load.kind === 'open' ? load.maxUsers : load.users,
    ...(load.kind === 'open' && { offeredPerSecond: load.requests / (load.lastArrivalMs / 1000) }),
    seconds,
    sent,
    images,
    imagesPerSecond: images / seconds,
    requestsPerSecond: (latencyMs?.count ?? 0) / seconds,
    ...(latencyMs !== undefined && { latencyMs }),
    stagesMs: Object.fromEntries(stages.flatMap((stage) => {
      const distribution = distributionOf(valuesOf(`stage_${stage}_ms`))
      return distribution === undefined ? [] : [[stage, distribution]]
    })),
    ...(senderLagP99Ms !== undefined && { senderLagP99Ms }),
    dropped: Math.max(0, (scheduled ?? sent) - sent),
    rejections: count('rejections'),
    rejectionsWithRetryAfter: count('rejections_with_retry_after'),
    ...(rejectionP99Ms !== undefined && { rejectionP99Ms }),
    failures: count('failures'),
    ...(usage !== undefined && images > 0 && { cpuSecondsPerImage: usage.cpuSeconds / images, peakRssBytes: usage.peakRssBytes }),
    segments: plan.segments.map(({ name, fromMs }, i) => {
      const distribution = distributionOf(valuesOf(`latency_ms{segment:${name}}`))
      const untilMs = plan.segments[i + 1]?.fromMs ?? endedAt - startedAt
      const rssBytes = sampler?.between(startedAt + fromMs, startedAt + untilMs)?.peakRssBytes
      return {
        name,
        fromSeconds: fromMs / 1000,
        images: count(`images{segment:${name}}`),
        rejections: count(`rejections{segment:${name}}`),
        failures: count(`failures{segment:${name}}`),
        ...(distribution !== undefined && { latencyMs: distribution }),
        ...(rssBytes !== undefined && { rssBytes }),
      }
    }),
    voidReasons: findVoidReasons({ lagP99Ms: senderLagP99Ms, lateStarts: count('late_starts'), scheduled, sent, seconds }, minimum),
  }
}

/** A percentile of a distribution, of those in `percentiles`. */
export function percentileOf (distribution: Distribution | undefined, percentile: typeof percentiles[number]): number {
  return distribution?.percentiles[String(percentile)] ?? NaN
}

/** @param values - Of a trend in k6's summary. @returns undefined if nothing was recorded. */
function distributionOf (values: Readonly<Record<string, number>>): Distribution | undefined {
  const { count = 0, avg: mean = NaN, min = NaN, max = NaN } = values
  if (count === 0) return undefined
  const byPercentile = Object.fromEntries(percentiles.map((percentile) => [String(percentile), values[`p(${percentile})`] ?? NaN]))
  return { count, mean, min, max, percentiles: byPercentile }
}
