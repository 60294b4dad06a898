import type { Outcome } from './connection.ts'

/** A quantile of values; NaN without values. */
export function quantile (values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? NaN
}

export function latencies (outcomes: readonly Outcome[]): number[] {
  return outcomes.map(({ sentAt, endedAt }) => endedAt - sentAt)
}

/** `200: 812, 503 queue_full: 3` */
export function countOutcomes (outcomes: readonly Outcome[]): string {
  const counts = new Map<string, number>()
  for (const { status, code } of outcomes) {
    const name = code === undefined ? String(status) : status === 0 ? code : `${status} ${code}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].map(([name, count]) => `${name}: ${count}`).join(', ')
}
