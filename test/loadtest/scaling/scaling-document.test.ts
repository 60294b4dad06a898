/** The numbers of the document are those that the simulation gives with the settings as shipped. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { replaceSection } from '../../../loadtest/generated-section.ts'
import { renderScalingSection, scalingDocument, scalingSection, simulateAll } from '../../../loadtest/scaling/scaling-document.ts'
import { day, rateOf } from '../../../loadtest/scaling/scenarios.ts'

test('docs/explanation/scaling.md has the numbers that `npm run docs:scaling` writes', () => {
  const text = readFileSync(scalingDocument, 'utf8')
  assert.equal(text, replaceSection(text, scalingSection, renderScalingSection(simulateAll())))
})

test('the day has its peak, its quiet hours and its burst', () => {
  assert.equal(rateOf(day.quietHour * 3600, 100), 0)
  assert.equal(rateOf((day.quietHour + 12) * 3600, 100), day.peak * 100)
  assert.ok(rateOf(day.burstFrom, 100) > rateOf(day.burstFrom - 1, 100) + day.burst * 99)
})
