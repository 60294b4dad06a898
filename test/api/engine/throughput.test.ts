import assert from 'node:assert/strict'
import test from 'node:test'
import { Throughput } from '../../../api/engine/admission.ts'

function openRate (): { rate: Throughput, leave: (count: number, everyMs: number) => void, wait: (ms: number) => void } {
  let now = 0
  const rate = new Throughput(() => now)
  return {
    rate,
    wait: (ms) => { now += ms },
    leave: (count, everyMs) => {
      for (let i = 0; i < count; i++) {
        now += everyMs
        rate.count()
      }
    },
  }
}

test('the wait is what is in flight over the rate at which it leaves', () => {
  const { rate, leave } = openRate()
  leave(100, 50)
  assert.equal(rate.secondsFor(100), 5)
  assert.equal(rate.secondsFor(1), 1)
  assert.equal(rate.secondsFor(10_000), 30)
})

test('the first images already tell the rate, and before them a client is asked to try again soon', () => {
  const { rate, leave } = openRate()
  assert.equal(rate.secondsFor(64), 1)
  leave(3, 50)
  assert.equal(rate.secondsFor(60), 3)
})

test('an idle time is no slow work', () => {
  const { rate, leave, wait } = openRate()
  leave(100, 50)
  wait(600_000)
  rate.begin()
  leave(1, 50)
  assert.equal(rate.secondsFor(100), 5)
})

test('a change of the rate is followed within seconds', () => {
  const { rate, leave } = openRate()
  leave(100, 50)
  leave(10, 500)
  assert.equal(rate.secondsFor(20), 10)
})
