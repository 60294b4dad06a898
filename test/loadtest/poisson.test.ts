import assert from 'node:assert/strict'
import test from 'node:test'
import { scheduleArrivals } from '../../loadtest/poisson.ts'

test('arrivals are the same for the same seed, and others for another', () => {
  const stretches = [{ perSecond: 100, seconds: 10 }]
  assert.deepEqual(scheduleArrivals(stretches, 1), scheduleArrivals(stretches, 1))
  assert.notDeepEqual(scheduleArrivals(stretches, 1), scheduleArrivals(stretches, 2))
})

test('arrivals ascend and stay within the schedule', () => {
  const arrivalsMs = scheduleArrivals([{ perSecond: 200, seconds: 5 }, { perSecond: 20, seconds: 5 }], 3)
  assert.ok(arrivalsMs.every((at, i) => at >= (arrivalsMs[i - 1] ?? 0) && at < 10_000))
})

test('gaps between arrivals are exponential: their mean and deviation are 1 / rate, and none is typical', () => {
  const perSecond = 250
  for (const seed of [0, 1, 2, 3]) {
    const arrivalsMs = scheduleArrivals([{ perSecond, seconds: 200 }], seed)
    const gaps = arrivalsMs.map((at, i) => at - (arrivalsMs[i - 1] ?? 0))
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
    assert.ok(Math.abs(mean * perSecond / 1000 - 1) < 0.03, `mean ${mean}`)
    assert.ok(Math.abs(deviation / mean - 1) < 0.03, `deviation ${deviation} of mean ${mean}`)
    // Evenly spaced arrivals have no gap below half of the mean; exponential ones have 39 %.
    const short = gaps.filter((gap) => gap < mean / 2).length / gaps.length
    assert.ok(Math.abs(short - (1 - Math.exp(-0.5))) < 0.02, `${short} short gaps`)
  }
})

test('each stretch has its own rate', () => {
  const arrivalsMs = scheduleArrivals([{ perSecond: 50, seconds: 40 }, { perSecond: 500, seconds: 40 }, { perSecond: 50, seconds: 40 }], 7)
  const counts = [0, 1, 2].map((i) => arrivalsMs.filter((at) => at >= i * 40_000 && at < (i + 1) * 40_000).length)
  for (const [i, expected] of [2000, 20_000, 2000].entries()) assert.ok(Math.abs(counts[i]! / expected - 1) < 0.1, `${counts[i]} of ${expected}`)
})
