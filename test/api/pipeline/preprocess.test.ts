import assert from 'node:assert/strict'
import test, { suite } from 'node:test'
import { preprocess } from '../../../api/pipeline/preprocess.ts'
import { preprocessingPresets, type Preprocessing } from '../../../models/preprocessing.ts'
import { unlimited } from './preprocess-options.ts'
import { readFixture, readGoldenJson, readGoldenPixels } from '../../fixtures/index.ts'

interface GoldenCase {
  name: string
  file: string
  expected: string
  crop: number
  resize: number
  interpolation: Preprocessing['interpolation']
  sourceWidth: number
  sourceHeight: number
}

const { imagenet } = preprocessingPresets

suite('preprocess against Pillow', () => {
  const cases = readGoldenJson<GoldenCase[]>('preprocessing', 'index.json')
  assert.ok(cases.length >= 12, `expected at least 12 golden images, got ${cases.length}`)

  for (const { name, file, expected, crop, resize, interpolation, sourceWidth, sourceHeight } of cases) {
    const bound = sourceWidth * sourceHeight <= 4_000_000 ? 0.5 : 1
    test(`${name} at ${crop}, ${interpolation}, differs by at most ${bound} of 255 on average`, async (t) => {
      const preprocessing = { ...imagenet, cropSize: crop, cropPct: crop / resize, interpolation }
      const pixels = await preprocess(readFixture(file), unlimited(preprocessing), new AbortController().signal)
      const golden = await readGoldenPixels('preprocessing', expected)
      assert.equal(pixels.length, crop * crop * 3)
      assert.equal(golden.length, pixels.length)
      const difference = pixels.reduce((sum, value, i) => sum + Math.abs(value - golden[i]!), 0) / pixels.length
      t.diagnostic(`mean difference ${difference.toFixed(3)}`)
      assert.ok(difference <= bound, `mean difference ${difference}`)
    })
  }
})
