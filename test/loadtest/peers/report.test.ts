import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeReport } from '../../../loadtest/peers/report.ts'
import { somePeerComparison, someResults } from './some-results.ts'

test('each peer stands above us with the ratio below, and every row has as many cells as the head', () => {
  const peerComparison = somePeerComparison('mosec', { requestsPerSecond: 180, cpuMsPerImage: 6 }, { requestsPerSecond: 120, cpuMsPerImage: 12 })
  const report = writeReport(someResults({ comparisons: [{ model: 'ghostnet_100', photos: 'web', peerComparisons: [peerComparison] }] }))
  const rows = report.split('\n').filter((line) => line.startsWith('|'))
  assert.ok(rows.some((row) => row.startsWith('| mosec | raw | 120.0 | 80 | 150 | 12.0 | 250 | 240 | 0.80 | 0.004 | 0 |')), report)
  assert.ok(rows.some((row) => row.startsWith('| **ratio** |  | **1.50** (1.50 to 1.50) |')), report)
  const cells = new Set(rows.map((row) => row.split('|').length))
  assert.deepEqual(cells, new Set([9, 13]), 'of the bars and of the comparison')
})

test('the report names the machine, the versions, the settings of each peer once, and what could not be measured', () => {
  const peerComparisons = [somePeerComparison('mosec', {})]
  const report = writeReport(someResults({
    comparisons: [{ model: 'ghostnet_100', photos: 'web', peerComparisons }, { model: 'ghostnet_050', photos: 'web', peerComparisons }],
    gaps: ['Triton: it did not start'],
  }))
  for (const text of ['2 cores of a processor', 'Node 20.20.2', 'commit abc1234', '- Triton: it did not start']) assert.ok(report.includes(text), text)
  assert.equal(report.split('- mosec, version 1.2.3: two workers').length, 2)
})
