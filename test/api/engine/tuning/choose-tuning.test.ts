import assert from 'node:assert/strict'
import test from 'node:test'
import { chooseTuning } from '../../../../api/engine/tuning/choose-tuning.ts'

const timing = (layout: 'plain' | 'blocked8' | 'blocked16', maxBatchSize: number, medianMs: number) => ({ layout, maxBatchSize, medianMs })

test('the fastest is chosen, whichever would be chosen without tuning', () => {
  const timings = [timing('plain', 8, 2), timing('blocked8', 8, 1.5), timing('blocked16', 8, 1)]
  assert.equal(chooseTuning(timings, 'plain').layout, 'blocked16')
})

test('a smaller batch that is as fast is better, since answers wait for less', () => {
  assert.equal(chooseTuning([timing('plain', 8, 1), timing('plain', 4, 1.02), timing('plain', 2, 1.1)], 'plain').maxBatchSize, 4)
})

test('of layouts that are as fast, the one stays that would be chosen without tuning', () => {
  const timings = [timing('blocked16', 8, 1), timing('blocked8', 8, 1.02), timing('plain', 8, 1.01)]
  assert.equal(chooseTuning(timings, 'blocked8').layout, 'blocked8')
  assert.equal(chooseTuning(timings.slice(0, 2), 'plain').layout, 'blocked16')
})
