import assert from 'node:assert/strict'
import test, { suite } from 'node:test'
import { preprocess } from '../../../api/images/preprocess.ts'
import { readFixture } from '../../fixtures/index.ts'
import { listGoldenCases, meanDifference, readGoldenCase } from '../pipeline/golden-cases.ts'
import { unlimited } from '../pipeline/preprocess-options.ts'

suite('preprocess against Pillow', () => {
  const cases = listGoldenCases()
  assert.ok(cases.length >= 12, `expected at least 12 golden images, got ${cases.length}`)

  for (const golden of cases) {
    const { name, file, preprocessing, sourcePixels } = golden
    const bound = sourcePixels <= 4_000_000 ? 0.5 : 1
    test(`${name} at ${preprocessing.cropSize}, ${preprocessing.interpolation}, differs by at most ${bound} of 255 on average`, async (t) => {
      const pixels = await preprocess(readFixture(file), unlimited(preprocessing), new AbortController().signal)
      const difference = meanDifference(pixels, await readGoldenCase(golden))
      t.diagnostic(`mean difference ${difference.toFixed(3)}`)
      assert.ok(difference <= bound, `mean difference ${difference}`)
    })
  }
})
