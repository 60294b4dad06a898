/** The bars that the project sets itself, and whether what was measured holds them. */
import type { Matchup } from './matchup.ts'
import { ratioOf, spreadOf, type Spread } from './ratio.ts'
import { findComparison, type Comparison, type Results } from './results.ts'
import type { Turn } from './turn.ts'

export interface Bar {
  /** Heading of docs/benchmarks/in-the-way.md that says why, where it does not hold. */
  readonly subject: string
  readonly what: string
  readonly sense: 'at least' | 'at most'
  readonly bar: number
  readonly stretch: number
  readonly unit: 'x' | 's' | 'MB'
  readonly measured: Spread | undefined
  /** Holds beside the number. */
  readonly condition?: { readonly text: string, readonly holds: boolean }
  /** Against whom, or what the numbers were. */
  readonly note?: string | undefined
}

export type Verdict = 'holds the stretch' | 'holds' | 'does not hold' | 'not measured'

export function judge ({ measured, sense, bar, stretch, condition }: Bar): Verdict {
  if (measured === undefined || Number.isNaN(measured.median)) return 'not measured'
  const holds = (limit: number): boolean => sense === 'at least' ? measured.median >= limit : measured.median <= limit
  if (!holds(bar) || condition?.holds === false) return 'does not hold'
  return holds(stretch) ? 'holds the stretch' : 'holds'
}

const rate = (turn: Turn): number => turn.requestsPerSecond
const tail = (turn: Turn): number => turn.p99Ms
const cpu = (turn: Turn): number => turn.cpuMsPerImage

/** By requests/s, where its own form of body is against ours. */
function strongestPeer ({ matchups }: Comparison): Matchup | undefined {
  return hardest(matchups, rate, 'at least')
}

/** The peer against which we look worst: the best one, whichever form of body it takes. */
function hardest (matchups: readonly Matchup[], value: (turn: Turn) => number, sense: Bar['sense']): Matchup | undefined {
  const badness = ({ pairs }: Matchup): number => ratioOf(pairs, value).median * (sense === 'at least' ? 1 : -1)
  return [...matchups].sort((a, b) => badness(a) - badness(b))[0]
}

type RateBar = Pick<Bar, 'subject' | 'what' | 'bar' | 'stretch'>

function rateBar (bar: RateBar, comparison: Comparison | undefined): Bar {
  const matchup = comparison && strongestPeer(comparison)
  const base = { ...bar, sense: 'at least', unit: 'x' } as const
  if (matchup === undefined) return { ...base, measured: undefined }
  const tailRatio = ratioOf(matchup.pairs, tail).median
  return {
    ...base,
    measured: ratioOf(matchup.pairs, rate),
    condition: { text: `p99 ${tailRatio.toFixed(2)}x`, holds: tailRatio < 1 },
    note: `${matchup.peer}, ${matchup.body}`,
  }
}

/** In the order of the table. */
export function listBars (results: Results): Bar[] {
  const web = findComparison(results, 'ghostnet_100', 'web')
  const leanest = hardest(web?.matchups ?? [], cpu, 'at most')
  return [
    rateBar({ subject: 'requests-with-10x', what: 'requests/s, photos of 500x400, ghostnet_100, against the best peer', bar: 1.4, stretch: 2 }, web),
    rateBar({ subject: 'requests-with-05x', what: 'requests/s, photos of 500x400, ghostnet_050, against the best peer', bar: 1.6, stretch: 2.5 },
      findComparison(results, 'ghostnet_050', 'web')),
    rateBar({ subject: 'photos-of-12-megapixels', what: 'requests/s, photos of 12 megapixels, ghostnet_100, against the best peer', bar: 4, stretch: 5 },
      findComparison(results, 'ghostnet_100', 'phone')),
    rateBar({ subject: 'draft', what: 'the same against the best peer with Pillow\'s `draft`', bar: 1.15, stretch: 1.5 }, results.draftDecoding),
    {
      subject: 'processor-time-against-the-leanest-peer',
      what: 'server CPU an image, 500x400, ghostnet_100, against the leanest peer',
      sense: 'at most',
      bar: 0.7,
      stretch: 0.55,
      unit: 'x',
      measured: leanest && ratioOf(leanest.pairs, cpu),
      note: leanest && `${leanest.peer}, ${leanest.body}`,
    },
    bareBar(results),
    startBar(results),
    ...([['ghostnet_100', 0.65, 0.55], ['ghostnet_050', 0.6, 0.5]] as const).map(([model, bar, stretch]): Bar => ({
      subject: 'the-graph',
      what: `time of the chosen graph against \`plain\`, batch 8, one thread, ${model}`,
      sense: 'at most',
      bar,
      stretch,
      unit: 'x',
      measured: results.graphRatio[model],
    })),
    idleBar(results),
    {
      subject: 'memory',
      what: 'resident memory under load, 2 workers',
      sense: 'at most',
      bar: 300,
      stretch: 200,
      unit: 'MB',
      measured: results.twoWorkers && spreadOf([results.twoWorkers.rssBytes / 1e6]),
    },
    {
      subject: 'two-cores',
      what: 'images/s in process on 2 cores against 1',
      sense: 'at least',
      bar: 1.8,
      stretch: 1.95,
      unit: 'x',
      measured: results.coreScaling?.ratio,
      note: results.coreScaling && `${results.coreScaling.one.median.toFixed(0)} and ${results.coreScaling.two.median.toFixed(0)} images/s`,
    },
  ]
}

function bareBar ({ barePython }: Results): Bar {
  const base = {
    subject: 'processor-time-against-no-server',
    what: 'server CPU an image against Pillow and the bare `plain` graph at its best batch',
    sense: 'at most',
    bar: 0.8,
    stretch: 0.6,
    unit: 'x',
  } as const
  if (barePython.length === 0) return { ...base, measured: undefined }
  const theirs = spreadOf(barePython.map(({ theirs }) => theirs)).median
  return { ...base, measured: ratioOf(barePython, (ms) => ms), note: `bare: ${theirs.toFixed(1)} ms` }
}

function startBar ({ starts }: Results): Bar {
  const base = {
    subject: 'the-start', what: 'start to first answer, bundled model, warm file cache', sense: 'at most', bar: 0.5, stretch: 0.3, unit: 's',
  } as const
  const [ours, ...theirs] = starts
  if (ours === undefined) return { ...base, measured: undefined }
  const { median, low, high } = ours.startMs
  const measured = { median: median / 1000, low: low / 1000, high: high / 1000 }
  const [fastest] = [...theirs].sort((a, b) => a.startMs.median - b.startMs.median)
  if (fastest === undefined) return { ...base, measured }
  const text = `${fastest.name} ${(fastest.startMs.median / 1000).toFixed(2)} s`
  return { ...base, measured, condition: { text, holds: median < fastest.startMs.median } }
}

function idleBar ({ idleLatency }: Results): Bar {
  return {
    subject: 'idle-latency',
    what: 'idle latency of one photo against the same decoding and graph called bare',
    sense: 'at most',
    bar: 1.15,
    stretch: 1.05,
    unit: 'x',
    measured: idleLatency?.ratio,
    ...idleLatency && { note: `${idleLatency.serviceMs.median.toFixed(1)} and ${idleLatency.bareMs.median.toFixed(1)} ms` },
  }
}
