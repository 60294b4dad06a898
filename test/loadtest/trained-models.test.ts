import assert from 'node:assert/strict'
import test from 'node:test'
import { resultsTable } from '../../loadtest/results-table.ts'
import { measuredModels, reportedModels } from '../../loadtest/trained-models.ts'

test('MindCV\'s two measured trainings have their step, their rate and their accuracy', () => {
  const rows = reportedModels.filter(({ stepMs }) => stepMs !== undefined)
    .map(({ model, cards, batch, stepMs, imagesPerSecond, top1, top5 }) => [model, cards, batch, stepMs, imagesPerSecond, top1, top5])
  assert.deepEqual(rows, [
    ['ghostnet_050', '8 x Ascend 910', 128, 211.13, 4850.09, 66.03, 86.64],
    ['ghostnet_050', 'Atlas 800T A2, 8 cards', 128, 201.46, 5082.89, 65.93, 86.65],
  ])
})

test('every row has a source, and no measured one is among the reported', () => {
  const measured = measuredModels()
  assert.ok(measured.length > 0)
  for (const { source } of [...reportedModels, ...measured]) assert.ok(source.url.length > 0)
  for (const { model } of measured) assert.ok(reportedModels.every((reported) => reported.model !== model))
})

test('the two tables are apart, with the learnable parameters of each network', () => {
  const [reported, measured] = resultsTable().split('**Measured** by this project')
  assert.match(reported!, /\| ghostnet_050 \| 2\.59 \| 8 x Ascend 910 \| 128 \| 224 \| 211\.13 \| 4850\.09 \| 66\.03 \| 86\.64 \|/)
  assert.match(reported!, /\| ghostnet_130 \| 7\.36 \|/)
  assert.match(measured!, /\| ghostnet_050, 200 classes of Tiny-ImageNet \| 1\.56 \| 2 CPU cores \|/)
})
