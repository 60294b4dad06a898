/** The targets that the project sets itself (bar, stretch), and whether the measurements meet them. */
import type { PeerComparison } from './matchup.ts'
import { ratioOf, spreadOf, type Spread } from './ratio.ts'
import { findComparison, type Comparison, type Results } from './results.ts'
import type { Run } from './turn.ts'

interface Finding {
  /** undefined where it was not measured. */
  readonly measured?: Spread | undefined
  /** A second condition, next to the number. */
  readonly condition?: { readonly text: string, readonly holds: boolean }
  /** The peer compared with, or the numbers behind the ratio. */
  readonly note?: string | undefined
}

export interface Bar extends Finding {
  /** Heading of docs/benchmarks/in-the-way.md that says why, where it does not hold. */
  readonly subject: string
  readonly what: string
  readonly sense: 'at least' | 'at most'
  readonly bar: number
  readonly stretch: number
  readonly unit: 'x' | 's' | 'MB'
}

export type Verdict = 'holds the stretch' | 'holds' | 'does not hold' | 'not measured'

export function judge ({ measured, sense, bar, stretch, condition }: Bar): Verdict {
  if (measured === undefined || Number.isNaN(measured.median)) return 'not measured'
  const holds = (limit: number): boolean => sense === 'at least' ? measured.median >= limit : measured.median <= limit
  if (!holds(bar) || condition?.holds === false) return 'does not hold'
  return holds(stretch) ? 'holds the stretch' : 'holds'
}

type Row = readonly [
  subject: string, what: string, sense: Bar['sense'], bar: number, stretch: number, unit: Bar['unit'], find: (results: Results) => Finding
]

const table: readonly Row[] = [
  ['requests-with-10x', 'requests/s, photos of 500x400, ghostnet_100, against the best peer', 'at least', 1.4, 2, 'x',
    (results) => againstBest(findComparison(results, 'ghostnet_100', 'web'))],
  ['requests-with-05x', 'requests/s, photos of 500x400, ghostnet_050, against the best peer', 'at least', 1.6, 2.5, 'x',
    (results) => againstBest(findComparison(results, 'ghostnet_050', 'web'))],
  ['photos-of-12-megapixels', 'requests/s, photos of 12 megapixels, ghostnet_100, against the best peer', 'at least', 4, 5, 'x',
    (results) => againstBest(findComparison(results, 'ghostnet_100', 'phone'))],
  ['draft', 'the same against the best peer with Pillow\'s `draft`', 'at least', 1.15, 1.5, 'x', ({ draftDecoding }) => againstBest(draftDecoding)],
  ['processor-time-against-the-leanest-peer', 'server CPU per image, 500x400, ghostnet_100, against the leanest peer', 'at most', 0.7, 0.55, 'x',
    (results) => againstLeanest(findComparison(results, 'ghostnet_100', 'web'))],
  ['processor-time-against-no-server', 'server CPU per image against Pillow and the bare `plain` graph at its best batch', 'at most', 0.8, 0.6, 'x',
    againstNoServer],
  ['the-start', 'start to first response, bundled model, warm file cache', 'at most', 0.5, 0.3, 's', startAheadOfPeers],
  ['the-graph', 'time of the chosen graph against `plain`, batch 8, one thread, ghostnet_100', 'at most', 0.65, 0.55, 'x',
    ({ graphRatio }) => ({ measured: graphRatio.ghostnet_100 })],
  ['the-graph', 'time of the chosen graph against `plain`, batch 8, one thread, ghostnet_050', 'at most', 0.6, 0.5, 'x',
    ({ graphRatio }) => ({ measured: graphRatio.ghostnet_050 })],
  ['idle-latency', 'idle latency of one photo against the same decoding and graph called bare', 'at most', 1.15, 1.05, 'x',
    ({ idleLatency: idle }) => idle === undefined
      ? {}
      : { measured: idle.ratio, note: `${idle.serviceMs.median.toFixed(1)} and ${idle.bareMs.median.toFixed(1)} ms` }],
  ['memory', 'resident memory under load, 2 workers', 'at most', 300, 200, 'MB',
    ({ twoWorkers }) => twoWorkers === undefined ? {} : { measured: spreadOf([twoWorkers.rssBytes / 1e6]) }],
  ['two-cores', 'images/s in process on 2 cores against 1', 'at least', 1.8, 1.95, 'x',
    ({ coreScaling: cores }) => cores === undefined
      ? {}
      : { measured: cores.ratio, note: `${cores.one.median.toFixed(0)} and ${cores.two.median.toFixed(0)} images/s` }],
]

/** All targets with their measurements, in the order of the table. */
export function listBars (results: Results): Bar[] {
  return table.map(([subject, what, sense, bar, stretch, unit, find]) => ({ subject, what, sense, bar, stretch, unit, ...find(results) }))
}

/** The peer against which our median ratio is lowest (`sign` 1) or highest (-1), whichever form of body it takes. */
function hardest (comparison: Comparison | undefined, value: (run: Run) => number, sign: 1 | -1): PeerComparison | undefined {
  const rank = ({ pairs }: PeerComparison): number => ratioOf(pairs, value).median * sign
  return [...comparison?.peerComparisons ?? []].sort((a, b) => rank(a) - rank(b))[0]
}

function againstBest (comparison: Comparison | undefined): Finding {
  const peerComparison = hardest(comparison, (run) => run.requestsPerSecond, 1)
  if (peerComparison === undefined) return {}
  const { median: tail } = ratioOf(peerComparison.pairs, (run) => run.p99Ms)
  return {
    measured: ratioOf(peerComparison.pairs, (run) => run.requestsPerSecond),
    condition: { text: `p99 ${tail.toFixed(2)}x`, holds: tail < 1 },
    note: `${peerComparison.peer}, ${peerComparison.body}`,
  }
}

function againstLeanest (comparison: Comparison | undefined): Finding {
  const peerComparison = hardest(comparison, (run) => run.cpuMsPerImage, -1)
  return peerComparison === undefined ? {} : { measured: ratioOf(peerComparison.pairs, (run) => run.cpuMsPerImage), note: `${peerComparison.peer}, ${peerComparison.body}` }
}

function againstNoServer ({ barePython }: Results): Finding {
  if (barePython.length === 0) return {}
  const bare = spreadOf(barePython.map(({ theirs }) => theirs)).median
  return { measured: ratioOf(barePython, (ms) => ms), note: `bare: ${bare.toFixed(1)} ms` }
}

function startAheadOfPeers ({ starts: [ours, ...theirs] }: Results): Finding {
  if (ours === undefined) return {}
  const { median, low, high } = ours.startMs
  const measured = { median: median / 1000, low: low / 1000, high: high / 1000 }
  const [fastest] = theirs.sort((a, b) => a.startMs.median - b.startMs.median)
  if (fastest === undefined) return { measured }
  const text = `${fastest.name} ${(fastest.startMs.median / 1000).toFixed(2)} s`
  return { measured, condition: { text, holds: median < fastest.startMs.median } }
}
