import assert from 'node:assert/strict'
import test from 'node:test'
import { loadModel } from '../../../api/engine/load-model.ts'
import { largestBatch, largestUsefulBatch } from '../../../api/machine/batch-size.ts'

const { manifest } = await loadModel('bundled', '', 'plain')

const measured: Array<[width: number, cropSize: number, best: number]> = [[0.5, 128, 8], [0.5, 224, 8], [1, 224, 4], [1.3, 224, 3]]
for (const [width, cropSize, best] of measured) {
  test(`ghostnet ${width}x at ${cropSize} runs in batches of up to ${best} on a CPU`, () => {
    const network = { ...manifest, width, preprocessing: { ...manifest.preprocessing, cropSize } }
    assert.equal(largestBatch('cpu', network), best)
    assert.equal(largestBatch('cuda', network), largestUsefulBatch)
  })
}

test('however large its images, a model runs', () => {
  assert.equal(largestBatch('cpu', { ...manifest, width: 4, preprocessing: { ...manifest.preprocessing, cropSize: 1024 } }), 1)
})
