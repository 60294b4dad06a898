import assert from 'node:assert/strict'
import test from 'node:test'
import { measureCalibration } from '../../../../api/cli/evaluate/calibration.ts'

test('the expected calibration error is the distance of score and accuracy, weighted by images', () => {
  // Four images with the score 0.7 of which two are right, and six with 0.95 of which all are.
  const { expectedCalibrationError, bins } = measureCalibration([
    ...[true, true, false, false].map((isRight) => ({ score: 0.7, isRight })),
    ...Array.from({ length: 6 }, () => ({ score: 0.95, isRight: true })),
  ])
  assert.ok(Math.abs(expectedCalibrationError - (4 * 0.2 + 6 * 0.05) / 10) < 1e-12)
  assert.deepEqual(bins.filter(({ images }) => images > 0).map(({ images, accuracy }) => [images, accuracy]), [[4, 0.5], [6, 1]])
  assert.ok(bins.every(({ from, to, score, images }) => images === 0 || (score >= from && score <= to)))
})

test('a score of 1 is in the last bin, and no image at all is no error', () => {
  const { bins, expectedCalibrationError } = measureCalibration([{ score: 1, isRight: true }])
  assert.equal(bins.at(-1)!.images, 1)
  assert.equal(expectedCalibrationError, 0)
  assert.equal(measureCalibration([]).expectedCalibrationError, 0)
})
