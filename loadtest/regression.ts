/** Whether one commit is slower than another, from runs of both that alternate. */
import { median } from '../api/cli/bench/median.ts'

/** A number of one run, by name: the same names in every run. */
export type RunNumbers = Readonly<Record<string, number>>

export interface RunPair {
  readonly base: RunNumbers
  readonly head: RunNumbers
}

/** How a number changed from base to head, over all pairs. */
export interface Change {
  readonly name: string
  readonly base: number
  readonly head: number
  /** head / base: the median of the pairs. */
  readonly ratio: number
  /** A 95 % confidence interval of the ratio's mean, from how much the pairs differ from one another. */
  readonly low: number
  readonly high: number
}

/** Student's t at 97.5 %, by degrees of freedom from 1; beyond the list it is close to 2. */
const students = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145]

/** @param pairs - At least two. Numbers that are 0 in some run are left out: they have no ratio. */
export function measureChanges (pairs: readonly RunPair[]): Change[] {
  const names = Object.keys(pairs[0]?.base ?? {})
  return names.flatMap((name) => {
    const values = pairs.map(({ base, head }) => ({ base: base[name] ?? 0, head: head[name] ?? 0 }))
    if (values.some(({ base, head }) => !(base > 0 && head > 0))) return []
    // Ratios multiply, so it is their logarithms that are spread evenly around the middle.
    const logs = values.map(({ base, head }) => Math.log(head / base))
    const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length
    const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1)
    const reach = (students[logs.length - 2] ?? 2) * Math.sqrt(variance / logs.length)
    return [{
      name,
      base: median(values.map(({ base }) => base)),
      head: median(values.map(({ head }) => head)),
      ratio: Math.exp(median(logs)),
      low: Math.exp(mean - reach),
      high: Math.exp(mean + reach),
    }]
  })
}

/** Numbers that are judged, and in which direction they are worse. */
export const judged = {
  'idle p20': 'more is worse',
  'busy requests/s': 'less is worse',
  'busy CPU': 'more is worse',
} as const satisfies Record<string, 'more is worse' | 'less is worse'>

export interface Judgement {
  readonly regressions: readonly Change[]
  /** The stage that grew, where one did beyond noise: by its name in Server-Timing. */
  readonly stage?: string
}

/**
 * A regression is beyond noise: its whole confidence interval is on the wrong side, and the middle by `tolerance` or more.
 *
 * @param tolerance - The smallest change worth an alarm, as in 0.03.
 */
export function judgeChanges (changes: readonly Change[], tolerance: number): Judgement {
  const direction: Readonly<Record<string, string>> = judged
  const regressions = changes.filter(({ name, ratio, low, high }) =>
    (direction[name] === 'more is worse' && low > 1 && ratio >= 1 + tolerance) ||
    (direction[name] === 'less is worse' && high < 1 && ratio <= 1 / (1 + tolerance)))
  if (regressions.length === 0) return { regressions }
  // An idle service shows a stage as it is. In a busy one all time that is lost anywhere is found again in the queue.
  const grown = changes
    .filter(({ name, low }) => name.startsWith('idle stage ') && low > 1)
    .sort((a, b) => (b.head - b.base) - (a.head - a.base))
  const stage = (grown.find(({ name }) => name !== 'idle stage queue') ?? grown[0])?.name.replace('idle stage ', '')
  return { regressions, ...(stage !== undefined && { stage }) }
}
