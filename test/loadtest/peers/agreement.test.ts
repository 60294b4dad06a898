import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareGuesses, guessesOf, isAgreed, type Guess } from '../../../loadtest/peers/agreement.ts'

const guesses = (...pairs: Array<[number, number]>): Guess[] => pairs.map(([classIndex, score]) => ({ classIndex, score }))

test('guesses are found in our response, in indented JSON, in a list, and behind a binary header', () => {
  const expected = guesses([491, 0.16], [957, 5.4e-5])
  for (const answer of [
    '{"results":[{"predictions":[{"label":"a","classIndex":491,"score":0.16},{"label":"b","classIndex":957,"score":5.4e-5}]}]}',
    '[{"predictions": [{\n  "classIndex": 491,\n  "score": 0.16\n}, {"classIndex": 957, "score": 5.4e-05}]}]',
    '{"outputs":[]}\0\0{"predictions": [{"classIndex": 491, "score": 0.16}, {"classIndex": 957, "score": 5.4e-05}]}',
  ]) assert.deepEqual(guessesOf(answer), expected)
})

test('near ties may change places and the last class may drop out', () => {
  const ours = [guesses([1, 0.151], [2, 0.150], [3, 0.1], [4, 0.05], [5, 0.041])]
  const theirs = [guesses([2, 0.152], [1, 0.149], [3, 0.1], [4, 0.05], [6, 0.041])]
  const agreement = compareGuesses(ours, theirs)
  assert.equal(agreement.sameTop1, 0)
  assert.equal(agreement.leastShared, 4)
  assert.ok(isAgreed(agreement))
})

test('other classes, other scores, a missing response and no photo at all are no agreement', () => {
  const ours = [guesses([1, 0.5], [2, 0.2], [3, 0.1], [4, 0.05], [5, 0.04])]
  assert.ok(!isAgreed(compareGuesses(ours, [guesses([1, 0.5], [2, 0.2], [3, 0.1], [7, 0.05], [8, 0.04])])), 'two other classes')
  assert.ok(!isAgreed(compareGuesses(ours, [guesses([1, 0.4], [2, 0.2], [3, 0.1], [4, 0.05], [5, 0.04])])), 'another score')
  assert.ok(!isAgreed(compareGuesses(ours, [])), 'no answer')
  assert.ok(!isAgreed(compareGuesses([], [])), 'no photo')
})
