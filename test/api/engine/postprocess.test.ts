import assert from 'node:assert/strict'
import test from 'node:test'
import { postprocess, rankClasses } from '../../../api/engine/postprocess.ts'

const labels = ['zero', 'one', 'two', 'three'].map((label) => ({ label }))
const classify = (logits: number[], topK = 4, temperature = 1) => postprocess(Float32Array.from(logits), { labels, temperature }, topK)

test('scores are the softmax of the logits, by descending score', () => {
  const predictions = classify([0, Math.log(2), Math.log(4), 0])
  assert.deepEqual(predictions.map(({ label }) => label), ['two', 'one', 'zero', 'three'])
  for (const [i, expected] of [0.5, 0.25, 0.125, 0.125].entries()) assert.ok(Math.abs(predictions[i]!.score - expected) < 1e-7)
})

test('equal scores keep the order of their class index', () => {
  assert.deepEqual(classify([1, 3, 1, 3]).map(({ classIndex }) => classIndex), [1, 3, 0, 2])
})

test('logits of 10,000 neither overflow nor turn into NaN', () => {
  assert.deepEqual(classify([1e4, -1e4, 0, 1e4 - 1e-3]).map(({ classIndex }) => classIndex), [0, 3, 2, 1])
  for (const logits of [[1e4, -1e4, 0, 9999], [-1e4, -1e4, -1e4, -1e4], [-1e4, -10_001, -2e4, -1e4]]) {
    const scores = classify(logits).map(({ score }) => score)
    assert.ok(scores.every((score) => Number.isFinite(score) && score >= 0))
    assert.ok(Math.abs(scores.reduce((sum, score) => sum + score, 0) - 1) < 1e-12)
  }
})

test('topK limits the predictions', () => {
  assert.deepEqual(classify([1, 2, 3, 4], 2).map(({ label }) => label), ['three', 'two'])
})

test('minScore leaves out lower scores of what topK allows, a score that is reached exactly not', () => {
  const scored = (topK: number, minScore: number) =>
    postprocess(Float32Array.of(0, Math.log(2), Math.log(4), 0), { labels, temperature: 1 }, topK, minScore).map(({ label }) => label)
  const [, second] = classify([0, Math.log(2), Math.log(4), 0])
  assert.deepEqual(scored(4, second!.score), ['two', 'one'])
  assert.deepEqual(scored(1, 0.2), ['two'])
  assert.deepEqual(scored(4, 0.51), [])
  assert.deepEqual(scored(4, 0), ['two', 'one', 'zero', 'three'])
  assert.deepEqual(postprocess(Float32Array.of(0, 9), { labels, temperature: 1 }, 2, 1), [])
})

test('minScore is held against the score with the temperature', () => {
  const logits = Float32Array.of(0, Math.log(2), Math.log(4), 0) // the best has 0.5, and with a temperature of 2 a third
  assert.equal(postprocess(logits, { labels, temperature: 1 }, 1, 0.45).length, 1)
  assert.equal(postprocess(logits, { labels, temperature: 2 }, 1, 0.45).length, 0)
})

test('a class without a WordNet id has null in its place', () => {
  const [prediction] = postprocess(Float32Array.of(1), { labels: [{ label: 'cat' }], temperature: 1 }, 1)
  assert.deepEqual(prediction, { label: 'cat', wnid: null, classIndex: 0, score: 1 })
})

test('classes are ranked as by sorting all of them, ties included', () => {
  const logits = Float32Array.from({ length: 200 }, (_, i) => (i * 7919) % 61)
  const sorted = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b)
  for (const count of [1, 2, 5, 61, 199, 200]) assert.deepEqual(rankClasses(logits, count), sorted.slice(0, count))
  assert.deepEqual(rankClasses(logits, 0), [])
})

test('a temperature makes scores less or more sure and leaves their order', () => {
  const logits = [0, Math.log(2), Math.log(4), 0]
  const [first, ...others] = classify(logits, 4, 2)
  // The roots of 1, 2, 4 and 1.
  assert.ok(Math.abs(first!.score - 2 / (1 + Math.SQRT2 + 2 + 1)) < 1e-7)
  assert.deepEqual([first!, ...others].map(({ label }) => label), ['two', 'one', 'zero', 'three'])
  assert.ok(classify(logits, 1, 0.5)[0]!.score > classify(logits, 1, 1)[0]!.score)
  assert.ok(Number.isFinite(classify([1e4, -1e4, 0, 1e4], 1, 0.05)[0]!.score))
})
