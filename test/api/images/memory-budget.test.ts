import assert from 'node:assert/strict'
import test from 'node:test'
import { MemoryBudget } from '../../../api/images/memory-budget.ts'

const { signal } = new AbortController()

test('what fits is granted at once, what does not is rejected at once', () => {
  const budget = new MemoryBudget(10)
  assert.ok(budget.tryTake(6))
  assert.equal(budget.tryTake(5), undefined)
  assert.ok(budget.tryTake(4))
  assert.equal(budget.grantedBytes, 10)
})

test('a release is counted once', () => {
  const budget = new MemoryBudget(10)
  const release = budget.tryTake(6)!
  release()
  release()
  assert.equal(budget.grantedBytes, 0)
})

test('those who wait are granted in their order; a small demand does not overtake a large one', async () => {
  const budget = new MemoryBudget(10)
  const order: string[] = []
  const first = await budget.take(8, signal)
  const large = budget.take(9, signal).then((release) => { order.push('large'); return release })
  const small = budget.take(1, signal).then((release) => { order.push('small'); return release })
  assert.equal(budget.tryTake(1), undefined, 'nor does one who would not wait')
  first()
  await Promise.all([large, small])
  assert.deepEqual(order, ['large', 'small'])
  assert.equal(budget.grantedBytes, 10)
})

test('one who gives up leaves the line, and those behind move up', async () => {
  const budget = new MemoryBudget(10)
  await budget.take(8, signal)
  const abort = new AbortController()
  const large = budget.take(9, abort.signal)
  const small = budget.take(2, signal)
  abort.abort(new Error('gave up'))
  await assert.rejects(large, /gave up/)
  await small
  assert.equal(budget.grantedBytes, 10)
})

test('nothing is granted to a request that gave up', async () => {
  const budget = new MemoryBudget(10)
  await assert.rejects(budget.take(1, AbortSignal.abort(new Error('late'))), /late/)
  assert.equal(budget.grantedBytes, 0)
})
