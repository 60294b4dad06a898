/** The highest rate that holds, found by bisection as in MLPerf's server scenario. */

export interface CapacitySearch {
  /** First guesses: a rate that should hold, and one that should not. Both are moved if they are wrong. */
  readonly low: number
  readonly high: number
  /** The search ends when `high / low` is at most this. */
  readonly resolution: number
  /** Repetitions that a rate has to hold before it counts. */
  readonly confirmations: number
}

export interface Capacity {
  /** The highest rate that held each time; undefined if none did. */
  readonly rate: number | undefined
  /** The lowest rate that was seen to fail. */
  readonly failsAt: number
}

const moveFactor = 1.5
/** A rate this far below the first guess means that nothing holds at all. */
const hopelessFactor = 100

/**
 * @param holds - Runs a step at a rate. Steps are noisy near the limit: the answer is what holds `confirmations` times more, and a
 * rate that fails to is a new upper limit.
 */
export async function findCapacity (search: CapacitySearch, holds: (rate: number) => Promise<boolean>): Promise<Capacity> {
  let low = search.low
  let high = search.high
  if (await holds(low)) {
    while (await holds(high)) {
      low = high
      high *= moveFactor
    }
  } else {
    do {
      high = low
      low /= moveFactor
      if (low < search.low / hopelessFactor) return { rate: undefined, failsAt: high }
    } while (!await holds(low))
  }
  while (true) {
    while (high / low > search.resolution) {
      const middle = Math.sqrt(low * high)
      if (await holds(middle)) low = middle
      else high = middle
    }
    let confirmed = 0
    while (confirmed < search.confirmations && await holds(low)) confirmed++
    if (confirmed === search.confirmations) return { rate: low, failsAt: high }
    high = low
    low /= search.resolution
    if (low < search.low / hopelessFactor) return { rate: undefined, failsAt: high }
  }
}
