/** The load of each profile, and what has to hold. */
import { findCapacity } from './capacity.ts'
import type { Lab, StepOptions } from './lab.ts'
import { stages } from './plan.ts'
import { atLeast, atMost, type Verdict } from './result.ts'
import { percentileOf, type Step } from './step.ts'
import { fullStep } from './void-rules.ts'

export interface ProfileOptions {
  /** Concurrent users of a closed load. */
  readonly users: number
  /** Duration of a step; those of `capacity` are as long as it takes for 3,000 requests. */
  readonly seconds: number
  /** Upper bound of the p99, in ms. */
  readonly boundMs: number
  /** How many times its capacity the service is offered in `overload`. */
  readonly overloadFactor: number
  readonly log: (sentence: string) => void
}

export interface ProfileOutcome {
  readonly steps: readonly Step[]
  readonly headline: number
  readonly verdicts: readonly Verdict[]
  readonly voidReasons: readonly string[]
  readonly capacityPerSecond?: number
}

export interface Profile {
  readonly purpose: string
  readonly defaultSeconds: number
  run (lab: Lab, options: ProfileOptions): Promise<ProfileOutcome>
}

const anything = { seconds: 0, requests: 1 }
/** Enough to be told apart from luck, short enough to be run at every push. */
const shortStep = { seconds: 3, requests: 50 }
const calibrationSeconds = 10
const recoverySeconds = 5

const noFailures = (step: Step): Verdict => atMost(`requests that failed (${step.label})`, step.failures, 0, '')
const noRejections = (step: Step): Verdict => atMost(`requests that were rejected (${step.label})`, step.rejections, 0, '')
const p99Of = (step: Step): number => percentileOf(step.latencyMs, 99)

/** Images a second that saturate the service: the scale for rates that are chosen relative to it. */
async function calibrate (lab: Lab, users: number, seconds = calibrationSeconds): Promise<Step> {
  return await lab.runClosed(users, seconds, { label: `calibration, ${users} users`, minimum: anything })
}

export const profileNames = ['smoke', 'steady', 'capacity', 'spike', 'overload', 'soak', 'batch'] as const

export type ProfileName = typeof profileNames[number]

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  smoke: {
    purpose: 'the lab and the service work: seconds, no claim about speed',
    defaultSeconds: 5,
    async run (lab, { users, seconds }) {
      const closed = await lab.runClosed(Math.min(users, 4), seconds, { label: 'closed loop', warmupSeconds: 1, minimum: shortStep })
      const perSecond = closed.requestsPerSecond * 0.4
      const open = await lab.runOpen([{ perSecond, seconds }], { label: 'Poisson arrivals', warmupSeconds: 0, minimum: anything })
      const steps = [closed, open]
      return {
        steps,
        headline: 0,
        verdicts: [
          ...steps.flatMap((step) => [noFailures(step), noRejections(step)]),
          atLeast('stages that Server-Timing names', Object.keys(closed.stagesMs).length, stages.length, ''),
        ],
        voidReasons: steps.flatMap(({ voidReasons }) => voidReasons),
      }
    },
  },

  steady: {
    purpose: 'a closed loop of users who wait for their responses: throughput at saturation',
    defaultSeconds: 60,
    async run (lab, { users, seconds }) {
      const step = await lab.runClosed(users, seconds, { label: `${users} users`, minimum: fullStep })
      return { steps: [step], headline: 0, verdicts: [noFailures(step), noRejections(step)], voidReasons: step.voidReasons }
    },
  },

  capacity: {
    purpose: 'Poisson arrivals: the highest rate whose p99 stays under the bound',
    defaultSeconds: fullStep.seconds,
    async run (lab, { users, seconds, boundMs, log }) {
      const calibration = await calibrate(lab, users)
      const steps = [calibration]
      const minimum = { seconds, requests: seconds < fullStep.seconds ? 1 : fullStep.requests }
      const voidReasonsByRate = new Map<number, readonly string[]>()
      const holds = async (perSecond: number): Promise<boolean> => {
        // A few percent more than the least, since the number of arrivals is drawn too.
        const stepSeconds = Math.max(seconds, minimum.requests * 1.05 / perSecond) + 1
        const options: StepOptions = { label: `${perSecond.toFixed(1)}/s`, minimum }
        let step = await lab.runOpen([{ perSecond, seconds: stepSeconds }], options)
        if (step.voidReasons.length > 0) step = await lab.runOpen([{ perSecond, seconds: stepSeconds }], options)
        steps.push(step)
        if (step.voidReasons.length > 0) voidReasonsByRate.set(perSecond, step.voidReasons)
        const isWithin = step.failures === 0 && step.rejections === 0 && p99Of(step) <= boundMs
        log(`${perSecond.toFixed(1)}/s: p99 ${p99Of(step).toFixed(1)} ms, ${isWithin ? 'holds' : 'does not hold'}${step.voidReasons.length > 0 ? ', void' : ''}`)
        return isWithin && step.voidReasons.length === 0
      }
      const saturation = calibration.requestsPerSecond
      const { rate, failsAt } = await findCapacity({ low: saturation * 0.5, high: saturation, resolution: 1.04, confirmations: 2 }, holds)
      return {
        steps,
        headline: rate === undefined ? 0 : steps.length - 1,
        ...(rate !== undefined && { capacityPerSecond: rate }),
        verdicts: [atLeast(`requests/s within ${boundMs} ms at p99`, rate ?? 0, saturation * 0.01, '/s')],
        // If the next higher rate was void, the sender may have hidden a higher capacity.
        voidReasons: (voidReasonsByRate.get(failsAt) ?? []).map((reason) => `At ${failsAt.toFixed(1)}/s: ${reason}`),
      }
    },
  },

  spike: {
    purpose: 'a quiet service is offered twice its capacity for ten seconds: how it comes back',
    defaultSeconds: 20,
    async run (lab, { users, seconds, boundMs }) {
      const calibration = await calibrate(lab, users)
      const { requestsPerSecond } = calibration
      const [quiet, spike] = [requestsPerSecond * 0.4, requestsPerSecond * 2]
      const endMs = (seconds + 10) * 1000
      const step = await lab.runOpen(
        [{ perSecond: quiet, seconds }, { perSecond: spike, seconds: 10 }, { perSecond: quiet, seconds: seconds + recoverySeconds }], {
          label: 'spike',
          minimum: anything,
          segments: [
            { name: 'before', fromMs: 0 }, { name: 'spike', fromMs: seconds * 1000 }, { name: 'recovery', fromMs: endMs },
            { name: 'after', fromMs: endMs + recoverySeconds * 1000 },
          ],
        })
      const [before, , , after] = step.segments
      const p99After = percentileOf(after?.latencyMs, 99)
      return {
        steps: [calibration, step],
        headline: 1,
        verdicts: [
          noFailures(step),
          atMost(`rejections from ${recoverySeconds} s after the spike on`, after?.rejections ?? NaN, 0, ''),
          atMost(`p99 from ${recoverySeconds} s after the spike on`, p99After, Math.max(boundMs, 2 * percentileOf(before?.latencyMs, 99)), 'ms'),
        ],
        voidReasons: step.voidReasons,
      }
    },
  },

  overload: {
    purpose: 'many times its capacity is offered: goodput, and how the rest is rejected',
    defaultSeconds: 20,
    async run (lab, { users, seconds, overloadFactor }) {
      const calibration = await calibrate(lab, Math.max(users, 32))
      const { requestsPerSecond } = calibration
      const overloadMs = seconds * 1000
      const stretches = [{ perSecond: requestsPerSecond * overloadFactor, seconds }, { perSecond: requestsPerSecond * 0.5, seconds: 15 }]
      const step = await lab.runOpen(stretches, {
        label: `${overloadFactor} times the capacity`,
        minimum: anything,
        segments: [
          { name: 'overload', fromMs: 0 }, { name: 'recovery', fromMs: overloadMs }, { name: 'after', fromMs: overloadMs + recoverySeconds * 1000 },
        ],
      })
      const [overload, , after] = step.segments
      return {
        steps: [calibration, step],
        headline: 0,
        verdicts: [
          noFailures(step),
          atLeast('images/s during overload against the capacity', (overload?.images ?? 0) / seconds / calibration.imagesPerSecond, 0.9, 'x'),
          atMost('p99 of rejections', step.rejectionP99Ms ?? 0, 50, 'ms'),
          atLeast('rejections with Retry-After', step.rejectionsWithRetryAfter, step.rejections, ''),
          atMost(`rejections from ${recoverySeconds} s after the overload on`, after?.rejections ?? NaN, 0, ''),
        ],
        voidReasons: step.voidReasons,
      }
    },
  },

  soak: {
    purpose: 'hours at 60 % of the capacity: memory and latency stay where they are',
    defaultSeconds: 1800,
    async run (lab, { users, seconds }) {
      const calibration = await calibrate(lab, users)
      const tenths = Array.from({ length: 10 }, (_, i) => ({ name: `${i * 10} %`, fromMs: i * seconds * 100 }))
      const perSecond = calibration.requestsPerSecond * 0.6
      const step = await lab.runOpen([{ perSecond, seconds }], { label: 'soak', minimum: anything, segments: tenths })
      // The first tenth fills caches and pools.
      const [early, late] = [step.segments[1], step.segments.at(-1)]
      const growth = early?.rssBytes === undefined || late?.rssBytes === undefined
        ? [] // it runs elsewhere
        : [atMost('growth of memory', late.rssBytes / early.rssBytes, 1.1, 'x')]
      return {
        steps: [calibration, step],
        headline: 1,
        verdicts: [
          noFailures(step), noRejections(step), ...growth,
          atMost('growth of p99', percentileOf(late?.latencyMs, 99) / percentileOf(early?.latencyMs, 99), 1.5, 'x'),
        ],
        voidReasons: step.voidReasons,
      }
    },
  },

  batch: {
    purpose: 'requests of eight images each, in a closed loop',
    defaultSeconds: 60,
    async run (lab, { users, seconds }) {
      const minimum = { seconds: fullStep.seconds, requests: 300 }
      const step = await lab.runClosed(Math.max(1, users >> 2), seconds, { label: `${Math.max(1, users >> 2)} users, 8 images per request`, minimum })
      return { steps: [step], headline: 0, verdicts: [noFailures(step), noRejections(step)], voidReasons: step.voidReasons }
    },
  },
}
