import assert from 'node:assert/strict'
import test from 'node:test'
import { evaluationCharts, evaluationPage } from '../../../../api/cli/evaluate/evaluation-page.ts'
import type { Evaluation } from '../../../../api/cli/evaluate/evaluation.ts'
import { tallyResults } from '../../../../api/cli/evaluate/tally.ts'
import { chromium, drawPage } from '../../report/draw-page.ts'

const hostile = '<img src=x onerror=alert(1)></script>'
const labels = [{ label: 'cat' }, { label: hostile }]
const evaluation: Evaluation = {
  model: 'm',
  version: 'v',
  data: hostile,
  temperature: 1.5,
  imagesPerSecond: 10,
  seconds: 1,
  beforeFit: { temperature: 1, negativeLogLikelihood: 2, expectedCalibrationError: 0.25 },
  ...tallyResults([
    { name: 'a', classIndex: 0, logits: Float32Array.of(2, 0) },
    { name: 'b', classIndex: 1, logits: Float32Array.of(1, 0) },
    { name: hostile, classIndex: 1, error: { code: 'corrupt_image', detail: 'cut off' } },
  ], labels, 1.5),
}

test('has the reliability diagram, every class, what is confused, what failed and what the fit changed', () => {
  const page = evaluationPage(evaluation)
  for (const text of ['<canvas id="reliability"', '<td>cat</td><td class="number">0</td>', 'taken for', 'cut off', 'before the fit', '25.00 %']) assert.ok(page.includes(text), text)
  const [reliability] = evaluationCharts(evaluation)
  assert.equal(reliability!.datasets[0]!.data.length, 2, 'a dot for each bin with images')
})

test('names and labels cannot become markup', () => {
  const page = evaluationPage(evaluation)
  assert.ok(!page.includes('<img'))
  assert.doesNotMatch(page, /<(?:script|link|img|iframe)[^>]+(?:src|href)=/)
})

test('a browser without a network draws it', { skip: chromium === undefined && 'there is no Chromium' }, async (t) => {
  assert.equal(await drawPage(t, evaluationPage(evaluation)), evaluationCharts(evaluation).length)
})
