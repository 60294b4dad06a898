import assert from 'node:assert/strict'
import test from 'node:test'
import { findVoidReasons, fullStep, type SenderRecord } from '../../loadtest/void-rules.ts'

const good: SenderRecord = { lagP99Ms: 1, lateStarts: 0, scheduled: 3200, sent: 3200, seconds: 31 }

test('a run that kept to its schedule counts', () => {
  assert.deepEqual(findVoidReasons(good, fullStep), [])
  assert.deepEqual(findVoidReasons({ ...good, lagP99Ms: undefined, scheduled: undefined }, fullStep), [])
})

for (const [what, change, says] of [
  ['the sender was late by more than 5 ms at p99', { lagP99Ms: 5.1 }, /late by 5\.1 ms/],
  ['users ran out', { lateStarts: 1 }, /ran out/],
  ['requests were dropped', { sent: 3199 }, /1 of 3200 scheduled requests were dropped/],
  ['it was too short', { seconds: 20 }, /20\.0 s, of at least 30 s/],
  ['it has too few requests', { scheduled: 2000, sent: 2000 }, /2000 requests, of at least 3000/],
] as const) {
  test(`a run is void if ${what}, and says so`, () => {
    const reasons = findVoidReasons({ ...good, ...change }, fullStep)
    assert.equal(reasons.length, 1)
    assert.match(reasons[0]!, says)
  })
}

test('a lag of exactly 5 ms counts', () => {
  assert.deepEqual(findVoidReasons({ ...good, lagP99Ms: 5 }, fullStep), [])
})
