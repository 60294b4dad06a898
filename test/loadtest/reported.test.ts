import assert from 'node:assert/strict'
import test from 'node:test'
import { compareStart, compareThroughput, reportedNumbers } from '../../loadtest/reported.ts'

test('MindCV\'s rates follow from its steps: 8 cards of 128 images', () => {
  for (const { imagesPerSecond, stepMs } of reportedNumbers.filter(({ id }) => id.startsWith('mindcv') && id.endsWith('x8'))) {
    assert.ok(Math.abs(8 * 128 * 1000 / stepMs! / imagesPerSecond - 1) < 1e-4, `${imagesPerSecond}`)
  }
  const [all, card] = ['mindcv-ascend-910-x8', 'mindcv-ascend-910'].map((id) => reportedNumbers.find((reported) => reported.id === id)!.imagesPerSecond)
  assert.ok(Math.abs(all! / 8 - card!) < 0.01)
})

test('timm\'s rates follow from its steps', () => {
  for (const { id, imagesPerSecond, stepMs, batchSize } of reportedNumbers.filter(({ id }) => id.startsWith('timm'))) {
    assert.ok(Math.abs(batchSize! * 1000 / stepMs! / imagesPerSecond - 1) < 0.01, id)
  }
})

test('ids are unique, and every number has a source and says whether it is the same work', () => {
  assert.equal(new Set(reportedNumbers.map(({ id }) => id)).size, reportedNumbers.length)
  for (const { source, comparability } of reportedNumbers) {
    assert.match(source, /^https:\/\//)
    assert.ok(comparability.length > 50)
  }
})

test('a throughput is compared with what was reported for its model and for serving, not for other widths', () => {
  const comparisons = compareThroughput('ghostnet_050_tin200', 485.009)
  assert.ok(comparisons.some(({ id, ratio, batch }) => id === 'mindcv-ascend-910-x8' && Math.abs(ratio - 0.1) < 1e-12 &&
    Math.abs(batch!.measuredMs - 263.9) < 0.1 && batch!.reportedMs === 211.13))
  assert.ok(comparisons.every(({ id }) => !id.includes('ghostnet_100')))
  assert.ok(comparisons.some(({ work }) => work === 'serving'))
})

test('a start is compared with reported starts, and is better above 1', () => {
  assert.deepEqual(compareStart(0.5).map(({ ratio }) => Number(ratio.toFixed(2))), [8.6, 2.8, 0.7])
})
