import assert from 'node:assert/strict'
import test from 'node:test'
import { judgeChanges, measureChanges, type RunPair } from '../../loadtest/regression.ts'

const base = { 'idle p20': 12, 'busy requests/s': 160, 'busy CPU': 9, 'idle stage decode': 4, 'idle stage queue': 0.1, 'idle stage run': 6 }

/** Which runs of six were lucky: neither side is so more often. */
const luck = [[1, -1, 1, -1, 1, -1], [1, 1, -1, -1, 1, -1]] as const

/** Pairs whose numbers differ by `noise` up and down from run to run, and whose head is `factors` times the base. */
function makePairs (factors: Partial<typeof base>, noise = 0.02): RunPair[] {
  return Array.from({ length: 6 }, (_, pair) => {
    const side = (which: 0 | 1, scale: Readonly<Record<string, number>>) => Object.fromEntries(Object.entries(base).map(([name, value]) =>
      [name, value * (1 + noise * luck[which][pair]!) * (scale[name] ?? 1)]))
    return { base: side(0, {}), head: side(1, factors) }
  })
}

test('two runs of the same are no regression', () => {
  assert.deepEqual(judgeChanges(measureChanges(makePairs({})), 0.03), { regressions: [] })
})

test('2 ms more in a stage are a regression, and the stage is named', () => {
  const { regressions, stage } = judgeChanges(measureChanges(makePairs({ 'idle p20': 14 / 12, 'idle stage decode': 6 / 4 })), 0.03)
  assert.deepEqual(regressions.map(({ name }) => name), ['idle p20'])
  assert.equal(stage, 'decode')
})

test('the queue is blamed only if nothing else grew', () => {
  const slow = { 'idle p20': 1.2, 'idle stage queue': 30 }
  assert.equal(judgeChanges(measureChanges(makePairs(slow)), 0.03).stage, 'queue')
  assert.equal(judgeChanges(measureChanges(makePairs({ ...slow, 'idle stage run': 1.2 })), 0.03).stage, 'run')
})

test('fewer requests a second are a regression, more are none', () => {
  assert.deepEqual(judgeChanges(measureChanges(makePairs({ 'busy requests/s': 0.9 })), 0.03).regressions.map(({ name }) => name), ['busy requests/s'])
  assert.deepEqual(judgeChanges(measureChanges(makePairs({ 'busy requests/s': 1.2, 'busy CPU': 0.8, 'idle p20': 0.8 })), 0.03).regressions, [])
})

test('a change within the noise is no regression, however large the noise', () => {
  const { regressions } = judgeChanges(measureChanges(makePairs({ 'idle p20': 1.05 }, 0.4)), 0.03)
  assert.deepEqual(regressions, [])
})

test('a change that is sure but small is no regression', () => {
  assert.deepEqual(judgeChanges(measureChanges(makePairs({ 'idle p20': 1.02 }, 0.001)), 0.03).regressions, [])
})

test('the interval of ratios is that of Student: 3 pairs of ratios 1.1, 1.2 and 1.3', () => {
  const pairs = [1.1, 1.2, 1.3].map((head) => ({ base: { x: 1 }, head: { x: head } }))
  const [change] = measureChanges(pairs)
  assert.ok(Math.abs(change!.ratio - 1.2) < 1e-12)
  assert.ok(Math.abs(change!.low - 0.9728) < 1e-3 && Math.abs(change!.high - 1.4734) < 1e-3, `${change!.low} to ${change!.high}`)
})
