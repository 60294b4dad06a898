import { measureBurst } from './burst.ts'
import { keepPromise } from './keep-promise.ts'
import { bounds } from './promises.ts'
import { countOutcomes, latencies, quantile } from './statistics.ts'

const deadlineMs = 10_000
const maxQueueSize = 128
/** Share of ten times the capacity that the generator must really have sent. */
const leastExcess = 9

keepPromise('overload', async (t) => {
  const { capacity, outcomes, seconds, mostInFlight } = await measureBurst(t, 0)
  const start = outcomes.reduce((earliest, { sentAt }) => Math.min(earliest, sentAt), Infinity)
  const answered = outcomes.filter(({ status }) => status === 200)
  const rejected = outcomes.filter(({ status }) => status === 503 || status === 429)
  const goodput = 100 * answered.filter(({ endedAt }) => endedAt < start + seconds * 1000).length / seconds / capacity
  const responseP99 = quantile(latencies(answered), 0.99)
  const rejectionP99 = quantile(latencies(rejected), 0.99)
  const excess = outcomes.length / seconds / capacity
  return {
    measured: `${excess.toFixed(1)} times ${capacity.toFixed(0)} requests/s: goodput ${goodput.toFixed(0)} % of capacity, responses p99 ${responseP99.toFixed(0)} ms, ` +
      `rejections p99 ${rejectionP99.toFixed(1)} ms, at most ${mostInFlight} of ${maxQueueSize} images in flight; ${countOutcomes(outcomes)}`,
    checks: {
      'the load is as promised': excess >= leastExcess,
      goodput: goodput >= bounds.goodputPercent,
      'responses in time': responseP99 <= deadlineMs,
      'rejections at once': rejectionP99 < bounds.rejectionMs,
      'Retry-After on each rejection': rejected.every(({ retryAfter }) => retryAfter !== undefined && retryAfter >= 1),
      'nothing else than responses and rejections': answered.length + rejected.length === outcomes.length,
      'the queue within its bound': mostInFlight <= maxQueueSize,
    },
  }
})
