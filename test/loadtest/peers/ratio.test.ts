import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ratioOf, spreadOf } from '../../../loadtest/peers/ratio.ts'

test('the median of an odd and of an even number of values, with the lowest and the highest', () => {
  assert.deepEqual(spreadOf([10, 2, 9]), { median: 9, low: 2, high: 10 })
  assert.deepEqual(spreadOf([10, 2, 9, 1]), { median: 5.5, low: 1, high: 10 })
  assert.deepEqual(spreadOf([7]), { median: 7, low: 7, high: 7 })
})

test('there is no median of nothing', () => {
  assert.throws(() => spreadOf([]), RangeError)
})

test('a ratio is taken within each pair, so that a slow moment that both see does not count', () => {
  const pairs = [{ ours: 200, theirs: 100 }, { ours: 50, theirs: 25 }, { ours: 90, theirs: 30 }]
  assert.deepEqual(ratioOf(pairs, (value) => value), { median: 2, low: 2, high: 3 })
})
