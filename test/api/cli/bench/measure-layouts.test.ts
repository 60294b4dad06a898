import assert from 'node:assert/strict'
import test from 'node:test'
import { chooseFastest } from '../../../../api/cli/bench/measure-layouts.ts'

const timing = (layout: 'plain' | 'blocked8' | 'blocked16', batchSize: number, msPerImage: number) => ({ layout, batchSize, msPerImage })

test('the fastest is chosen, whichever is the default', () => {
  const timings = [timing('plain', 8, 2), timing('blocked8', 8, 1.5), timing('blocked16', 8, 1)]
  assert.equal(chooseFastest(timings, 'plain').layout, 'blocked16')
})

test('a smaller batch that is as fast is better, since responses wait for less', () => {
  assert.equal(chooseFastest([timing('plain', 8, 1), timing('plain', 4, 1.02), timing('plain', 2, 1.1)], 'plain').batchSize, 4)
})

test('of layouts that are as fast, the default stays', () => {
  const timings = [timing('blocked16', 8, 1), timing('blocked8', 8, 1.02), timing('plain', 8, 1.01)]
  assert.equal(chooseFastest(timings, 'blocked8').layout, 'blocked8')
  assert.equal(chooseFastest(timings.slice(0, 2), 'plain').layout, 'blocked16')
})
