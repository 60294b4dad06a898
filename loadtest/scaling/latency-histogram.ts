/** Counts of latencies in bins that are 1 % wide, from 0.1 ms to hours: quantiles of millions of values in a few kilobytes. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(2048)
  #total = 0

  get count (): number {
    return this.#total
  }

  add (seconds: number): void {
    const bin = Math.min(this.#counts.length - 1, Math.max(0, Math.floor(Math.log(seconds / leastSeconds) / binWidth)))
    this.#counts[bin]!++
    this.#total++
  }

  addAll (other: LatencyHistogram): void {
    for (const [bin, count] of other.#counts.entries()) this.#counts[bin]! += count
    this.#total += other.#total
  }

  /** The middle of the bin that holds it, in seconds. @returns NaN of nothing. */
  quantile (q: number): number {
    if (this.#total === 0) return NaN
    let below = 0
    const bin = this.#counts.findIndex((count) => (below += count) > 0 && below >= q * this.#total)
    return leastSeconds * Math.exp((bin + 0.5) * binWidth)
  }
}

const leastSeconds = 1e-4
const binWidth = Math.log(1.01)
