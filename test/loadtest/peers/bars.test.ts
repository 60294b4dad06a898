import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, listBars, type Bar } from '../../../loadtest/peers/bars.ts'
import { spreadOf } from '../../../loadtest/peers/ratio.ts'
import type { Results } from '../../../loadtest/peers/results.ts'
import { somePeerComparison, someResults, someRun } from './some-results.ts'

const bar = { subject: 'speed', what: 'speed', sense: 'at least', bar: 1.4, stretch: 2, unit: 'x' } as const

function find (results: Partial<Results>, words: string): Bar {
  const found = listBars(someResults(results)).filter(({ what }) => what.includes(words))
  assert.equal(found.length, 1, words)
  return found[0]!
}

test('a bar holds at its limit, and not below it', () => {
  const verdicts = [1.39, 1.4, 1.99, 2].map((value) => judge({ ...bar, measured: spreadOf([value]) }))
  assert.deepEqual(verdicts, ['does not hold', 'holds', 'holds', 'holds the stretch'])
})

test('where less is better a bar holds at its limit, and not above it', () => {
  const verdicts = [0.71, 0.7, 0.55].map((value) => judge({ ...bar, sense: 'at most', bar: 0.7, stretch: 0.55, measured: spreadOf([value]) }))
  assert.deepEqual(verdicts, ['does not hold', 'holds', 'holds the stretch'])
})

test('what was not measured, or is no number, holds nothing', () => {
  assert.equal(judge({ ...bar, measured: undefined }), 'not measured')
  assert.equal(judge({ ...bar, measured: spreadOf([NaN]) }), 'not measured')
  assert.deepEqual([...new Set(listBars(someResults()).map(judge))], ['not measured'])
})

test('the rate counts against the strongest peer, and only with a lower p99', () => {
  const peerComparisons = [
    somePeerComparison('weak', { requestsPerSecond: 300, p99Ms: 50 }, { requestsPerSecond: 100, p99Ms: 100 }),
    somePeerComparison('strong', { requestsPerSecond: 300, p99Ms: 110 }, { requestsPerSecond: 150, p99Ms: 100 }),
  ]
  const measured = find({ comparisons: [{ model: 'ghostnet_100', photos: 'web', peerComparisons }] }, '500x400, ghostnet_100, against the best')
  assert.equal(measured.measured?.median, 2)
  assert.equal(measured.note, 'strong, raw')
  assert.equal(judge(measured), 'does not hold')
})

test('processor time counts against the leanest peer, which need not be the fastest', () => {
  const peerComparisons = [
    somePeerComparison('fast', { cpuMsPerImage: 6 }, { requestsPerSecond: 150, cpuMsPerImage: 12 }),
    somePeerComparison('lean', { cpuMsPerImage: 6 }, { requestsPerSecond: 100, cpuMsPerImage: 8 }),
  ]
  const measured = find({ comparisons: [{ model: 'ghostnet_100', photos: 'web', peerComparisons }] }, 'leanest')
  assert.equal(measured.measured?.median, 0.75)
  assert.equal(measured.note, 'lean, raw')
})

test('the start holds only ahead of every peer', () => {
  const starts = [{ name: 'GhostServe', startMs: spreadOf([450]) }, { name: 'slow', startMs: spreadOf([900]) }]
  assert.equal(judge(find({ starts }, 'start to first')), 'holds')
  assert.equal(judge(find({ starts: [...starts, { name: 'quick', startMs: spreadOf([400]) }] }, 'start to first')), 'does not hold')
})

test('bytes become megabytes, and pairs of processor time a ratio', () => {
  assert.equal(find({ twoWorkers: someRun({ rssBytes: 210e6 }) }, 'resident').measured?.median, 210)
  assert.equal(find({ barePython: [{ ours: 5, theirs: 10 }, { ours: 7, theirs: 10 }] }, 'Pillow and the bare').measured?.median, 0.6)
})
