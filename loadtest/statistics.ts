/** Order statistics of small samples. */

/** The value that a share `q` of the values does not exceed. @returns NaN without values. */
export function quantile (values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN
}
