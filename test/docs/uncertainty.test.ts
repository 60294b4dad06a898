/** docs/explanation/uncertainty.md has the numbers that were measured. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { replaceSection } from '../../loadtest/generated-section.ts'
import { packageRoot } from '../../models/package-root.ts'
import { readMeasured, renderUncertaintySection, uncertaintyDocument, uncertaintySection } from './uncertainty.ts'

test('docs/explanation/uncertainty.md has the numbers that `npm run docs:uncertainty` writes', () => {
  const text = readFileSync(uncertaintyDocument, 'utf8')
  assert.equal(text, replaceSection(text, uncertaintySection, renderUncertaintySection(readMeasured())))
})

test('they are of the weights that are served', () => {
  const { weights } = JSON.parse(readFileSync(join(packageRoot, 'models/bundled/manifest.json'), 'utf8')) as { weights: { sha256: string } }
  assert.equal(readMeasured().weightsSha256, weights.sha256)
})

test('a higher minScore accepts fewer photos, of both kinds', () => {
  for (const { minScores } of readMeasured().splits) {
    assert.ok(minScores.length > 10)
    for (const [i, { recall, falseAcceptRate }] of minScores.entries()) {
      const before = minScores[i - 1] ?? { recall: 1, falseAcceptRate: 1 }
      assert.ok(recall <= before.recall && falseAcceptRate <= before.falseAcceptRate)
    }
  }
})
