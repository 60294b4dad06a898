import assert from 'node:assert/strict'
import test, { suite } from 'node:test'
import { cropAxes } from '../../../api/images/crop-axes.ts'
import type { ImageHeader } from '../../../api/images/image-header.ts'
import { MemoryBudget } from '../../../api/images/memory-budget.ts'
import { preprocess } from '../../../api/images/preprocess.ts'
import { preprocessingPresets, type Preprocessing } from '../../../models/manifest/preprocessing.ts'
import { readFixture, readGoldenJson, readGoldenPixels } from '../../fixtures/index.ts'
import { unlimited } from './preprocess-options.ts'

interface GoldenCase {
  name: string
  file: string
  crop: number
  resize: number
  /** Upright. */
  sourceWidth: number
  sourceHeight: number
  resizedWidth: number
  resizedHeight: number
}

const { signal } = new AbortController()
const preset: Preprocessing = preprocessingPresets['imagenet-opencv']

suite('preprocess against OpenCV and MindSpore', () => {
  const cases = readGoldenJson<GoldenCase[]>('preprocessing-opencv', 'index.json')
  assert.ok(cases.length >= 12, `expected at least 12 golden images, got ${cases.length}`)

  for (const { name, file, crop, resize } of cases) {
    test(`${name} differs by at most 1 of 255`, async (t) => {
      const preprocessing = { ...preset, cropSize: crop, cropPct: crop / resize }
      const pixels = await preprocess(readFixture(file), unlimited(preprocessing), signal)
      const golden = await readGoldenPixels('preprocessing-opencv', `${name}.png`)
      assert.equal(pixels.length, crop * crop * 3)
      assert.equal(golden.length, pixels.length)
      const differences = pixels.map((value, i) => Math.abs(value - golden[i]!))
      const largest = differences.reduce((largest, difference) => Math.max(largest, difference))
      t.diagnostic(`largest difference ${largest}, ${differences.filter((difference) => difference > 0).length} of ${pixels.length} values differ`)
      assert.ok(largest <= 1, `largest difference ${largest}`)
    })
  }

  test('the sides become as long as in MindSpore', () => {
    for (const { name, crop, resize, sourceWidth, sourceHeight, resizedWidth, resizedHeight } of cases) {
      const { rows, columns } = cropAxes(upright(sourceWidth, sourceHeight), { ...preset, cropSize: crop, cropPct: crop / resize })
      assert.deepEqual([columns.resized, rows.resized], [resizedWidth, resizedHeight], name)
    }
  })
})

test('the whole image is decoded, in memory that was asked for', async () => {
  const tight = { ...unlimited(preset), decodeBudget: new MemoryBudget(2 * 451 * 300 * 3) }
  await assert.rejects(preprocess(readFixture('chelsea.png'), tight, signal), { code: 'too_many_pixels' })
  const antialiased = { ...tight, preprocessing: preprocessingPresets['imagenet-bilinear'] }
  assert.equal((await preprocess(readFixture('chelsea.png'), antialiased, signal)).length, 224 * 224 * 3)
  assert.equal(tight.decodeBudget.grantedBytes, 0)
})

function upright (width: number, height: number): ImageHeader {
  return { width, height, orientation: 1, channels: 3, isProgressive: false, hasAlpha: false, isCmyk: false, channelBytes: 1 }
}
