/** Ratios of what was measured in pairs: two neighbours in time see the same machine. */
import { median } from '../../api/cli/bench/median.ts'

export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** @throws RangeError without values: a median without values would pass for a measurement. */
export function spreadOf (values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('Expected at least one value, got none.')
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) }
}

export interface Pair<Measured> {
  readonly ours: Measured
  readonly theirs: Measured
}

/** Ours over theirs, pair by pair. */
export function ratioOf<Measured> (pairs: ReadonlyArray<Pair<Measured>>, value: (measured: Measured) => number): Spread {
  return spreadOf(pairs.map(({ ours, theirs }) => value(ours) / value(theirs)))
}
