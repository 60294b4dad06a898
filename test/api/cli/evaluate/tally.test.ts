import assert from 'node:assert/strict'
import test from 'node:test'
import type { ImageResult } from '../../../../api/cli/evaluate/image-result.ts'
import { tallyResults } from '../../../../api/cli/evaluate/tally.ts'

const labels = Array.from({ length: 7 }, (_, i) => ({ label: `class ${i}` }))

/** Most probable first; the other classes follow. */
function resultOf (classIndex: number, ...ranking: number[]): ImageResult {
  const logits = new Float32Array(labels.length).fill(-1)
  for (const [rank, ranked] of ranking.entries()) logits[ranked] = 10 - rank
  return { name: `image of ${classIndex}`, classIndex, logits }
}

const failure: ImageResult = { name: 'damaged', classIndex: 0, error: { code: 'corrupt_image', detail: 'cut off' } }

const tally = tallyResults([
  resultOf(0, 0, 1, 2, 3, 4), // right
  resultOf(0, 1, 2, 3, 4, 0), // fifth
  resultOf(1, 2, 3, 4, 5, 6, 1), // sixth
  resultOf(1, 2, 3, 4, 5, 6, 1),
  failure,
], labels, 1)

test('top-1 and top-5 are of all images, those that failed among them', () => {
  assert.deepEqual([tally.images, tally.top1, tally.top5], [5, 20, 40])
  assert.deepEqual(tally.failed, [{ file: 'damaged', code: 'corrupt_image', detail: 'cut off' }])
})

test('each class has its own, and one without images is left out', () => {
  assert.deepEqual(tally.classes, [
    { classIndex: 0, label: 'class 0', images: 3, top1: 33.33, top5: 66.67 },
    { classIndex: 1, label: 'class 1', images: 2, top1: 0, top5: 0 },
  ])
})

test('pairs that are confused come by their number', () => {
  assert.deepEqual(tally.confusions, [
    { label: 'class 1', takenFor: 'class 2', images: 2, of: 2 },
    { label: 'class 0', takenFor: 'class 1', images: 1, of: 3 },
  ])
})

test('equal logits are ranked as the service ranks them', () => {
  const result: ImageResult = { name: 'flat', classIndex: 5, logits: new Float32Array(7) }
  assert.equal(tallyResults([result], labels, 1).top5, 0)
  assert.equal(tallyResults([{ ...result, classIndex: 4 }], labels, 1).top5, 100)
})

test('a temperature changes what scores are worth and nothing else', () => {
  const results = [resultOf(0, 0, 1), resultOf(1, 0, 1)]
  const [cold, warm] = [tallyResults(results, labels, 1), tallyResults(results, labels, 4)]
  assert.deepEqual([warm.top1, warm.classes, warm.confusions], [cold.top1, cold.classes, cold.confusions])
  assert.ok(warm.calibration.expectedCalibrationError < cold.calibration.expectedCalibrationError)
  assert.notEqual(warm.negativeLogLikelihood, cold.negativeLogLikelihood)
})

test('a score of zero for the right class is no infinity', () => {
  assert.ok(Number.isFinite(tallyResults([{ name: 'far', classIndex: 1, logits: Float32Array.of(1e4, -1e4) }], labels.slice(0, 2), 1).negativeLogLikelihood))
})
