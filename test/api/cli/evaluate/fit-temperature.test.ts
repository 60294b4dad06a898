import assert from 'node:assert/strict'
import test from 'node:test'
import { fitTemperature } from '../../../../api/cli/evaluate/fit-temperature.ts'
import { softmax } from '../../../../api/engine/postprocess.ts'

/** Two classes; `right` of `images` with a margin of `margin` are right. */
const examples = (margin: number, right: number, images: number) =>
  Array.from({ length: images }, (_, i) => ({ logits: Float32Array.of(margin, 0), classIndex: i < right ? 0 : 1 }))

test('two classes have their temperature in closed form', () => {
  // 80 % right calls for the score 0.8, whose margin is log 4.
  for (const margin of [0.5, 2, 6]) assert.ok(Math.abs(fitTemperature(examples(margin, 80, 100)) - margin / Math.log(4)) < 2e-3)
})

test('no temperature nearby has a smaller negative log likelihood', () => {
  // Ten classes, a logit of 0 to 3 for each, the right one mostly ahead; the same at every run.
  let seed = 1
  const next = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  const many = Array.from({ length: 500 }, () => {
    const logits = Float32Array.from({ length: 10 }, () => 3 * next())
    const classIndex = Math.floor(10 * next())
    logits[classIndex]! += 2
    return { logits, classIndex }
  })
  const likelihood = (temperature: number): number =>
    many.reduce((sum, { logits, classIndex }) => sum - Math.log(softmax(logits, temperature)[classIndex]!), 0)
  const fitted = fitTemperature(many)
  assert.ok(fitted > 0.1 && fitted < 10)
  for (const factor of [0.98, 1.02]) assert.ok(likelihood(fitted * factor) > likelihood(fitted))
})

test('a model that is always right, or never, ends at a bound', () => {
  assert.equal(fitTemperature(examples(1, 10, 10)), 0.05)
  assert.equal(fitTemperature(examples(1, 0, 10)), 20)
  assert.equal(fitTemperature(examples(1e4, 9, 10)), 20)
})
