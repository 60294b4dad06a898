import { measureBurst } from './burst.ts'
import { keepPromise } from './keep-promise.ts'
import { bounds } from './promises.ts'
import { countOutcomes, latencies, quantile } from './statistics.ts'

const deadlineMs = 10_000
const maxQueueSize = 128
/** Of ten times the capacity, what the generator must really have asked for. */
const leastExcess = 9

keepPromise('overload', async (t) => {
  const { capacity, outcomes, seconds, largestInWork } = await measureBurst(t, 0)
  const start = outcomes.reduce((earliest, { sentAt }) => Math.min(earliest, sentAt), Infinity)
  const answered = outcomes.filter(({ status }) => status === 200)
  const refused = outcomes.filter(({ status }) => status === 503 || status === 429)
  const goodput = 100 * answered.filter(({ endedAt }) => endedAt < start + seconds * 1000).length / seconds / capacity
  const answerP99 = quantile(latencies(answered), 0.99)
  const refusalP99 = quantile(latencies(refused), 0.99)
  const excess = outcomes.length / seconds / capacity
  return {
    measured: `${excess.toFixed(1)} times ${capacity.toFixed(0)} requests/s: goodput ${goodput.toFixed(0)} % of capacity, answers p99 ${answerP99.toFixed(0)} ms, ` +
      `refusals p99 ${refusalP99.toFixed(1)} ms, at most ${largestInWork} of ${maxQueueSize} images in work; ${countOutcomes(outcomes)}`,
    checks: {
      'the load is as promised': excess >= leastExcess,
      goodput: goodput >= bounds.goodputPercent,
      'answers in time': answerP99 <= deadlineMs,
      'refusals at once': refusalP99 < bounds.refusalMs,
      'Retry-After on each refusal': refused.every(({ retryAfter }) => retryAfter !== undefined && retryAfter >= 1),
      'nothing else than answers and refusals': answered.length + refused.length === outcomes.length,
      'the queue within its bound': largestInWork <= maxQueueSize,
    },
  }
})
