import assert from 'node:assert/strict'
import test from 'node:test'
import { median } from '../../api/cli/bench/median.ts'
import { quantile } from '../../loadtest/statistics.ts'

test('a quantile is the smallest value that a share of the values does not exceed', () => {
  const values = [5, 1, 4, 2, 3]
  assert.deepEqual([0, 0.2, 0.21, 0.5, 0.99, 1].map((q) => quantile(values, q)), [1, 1, 2, 3, 5, 5])
  assert.ok(Number.isNaN(quantile([], 0.5)))
})

test('a median lies in the middle, or between the two there', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([9, 1, 5, 6]), 5.5)
  assert.ok(Number.isNaN(median([])))
})
