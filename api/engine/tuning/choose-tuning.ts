import type { Tuning } from './tuning.ts'

export interface Timing extends Pick<Tuning, 'layout' | 'maxBatchSize'> {
  /** Of a batch of `maxBatchSize`, over the alternating rounds, in ms an image. */
  readonly medianMs: number
}

/** What is nearer to the fastest than this is as fast: two measurements of one thing differ by as much. */
const tolerance = 0.03

/**
 * The smallest batch of those that are as fast as the fastest, since each answer waits for the whole of its batch; among its layouts the
 * one that would be chosen without tuning if it is one of them, otherwise the fastest.
 */
export function chooseTuning (timings: readonly Timing[], untuned: Tuning['layout']): Timing {
  const fastest = Math.min(...timings.map(({ medianMs }) => medianMs))
  const good = timings.filter(({ medianMs }) => medianMs <= fastest * (1 + tolerance))
  const smallest = Math.min(...good.map(({ maxBatchSize }) => maxBatchSize))
  const rest = good.filter(({ maxBatchSize }) => maxBatchSize === smallest).sort((a, b) => a.medianMs - b.medianMs)
  return rest.find(({ layout }) => layout === untuned) ?? rest[0]!
}
