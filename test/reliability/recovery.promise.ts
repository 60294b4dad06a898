import { measureBurst } from './burst.ts'
import { keepPromise } from './keep-promise.ts'
import { bounds } from './promises.ts'
import { latencies, quantile } from './statistics.ts'

keepPromise('recovery', async (t) => {
  const { calmBefore, calmAfter } = await measureBurst(t, bounds.recoverySeconds)
  const [before, after] = [calmBefore, calmAfter].map((outcomes) => quantile(latencies(outcomes), 0.99)) as [number, number]
  return {
    measured: `p99 ${before.toFixed(1)} ms before, ${after.toFixed(1)} ms after (${(after / before).toFixed(2)}x)`,
    checks: {
      'as fast as before': after <= before * bounds.recoveryFactor,
      'all answered': [...calmBefore, ...calmAfter].every(({ status }) => status === 200),
    },
  }
})
