/** The results in Markdown: for the terminal, and for docs/benchmarks/peers.md. */
import { judge, listBars, type Bar } from './bars.ts'
import type { PeerComparison } from './matchup.ts'
import { ratioOf, spreadOf, type Spread } from './ratio.ts'
import type { Comparison, Results } from './results.ts'
import type { Run } from './turn.ts'

const photoNames = { web: 'photos of about 500x400 pixels', phone: 'photos of 12 megapixels' } as const

export function writeReport (results: Results): string {
  const { versions, comparisons, blockedGraph, draftDecoding, starts, gaps } = results
  const special = [blockedGraph, draftDecoding].filter((comparison) => comparison !== undefined)
  return [
    '# GhostServe and its peers',
    '',
    '<!-- Written by `npm run loadtest:peers`. How the peers are set, and why that is fair: README.md in this folder. -->',
    '',
    describeRun(results),
    `${Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')}.`,
    'Medians; ratios are ours over theirs, pair by pair, with their lowest and highest.',
    '',
    '## The bars',
    '',
    barTable(results),
    ...comparisons.flatMap((comparison) => ['', `## ${titleOf(comparison)}`, '', comparisonTable(comparison.peerComparisons)]),
    ...special.length === 0 ? [] : ['', '## Each gain separately'],
    ...special.flatMap((comparison) => ['', `${titleOf(comparison)}:`, '', comparisonTable(comparison.peerComparisons)]),
    ...starts.length === 0 ? [] : ['', '## Start to first response, bundled model', '', startTable(results)],
    '',
    '## Settings',
    '',
    ...settingsOf(results),
    ...gaps.length === 0 ? [] : ['', '## Not measured', '', ...gaps.map((gap) => `- ${gap}`)],
    '',
  ].join('\n')
}

/** What was compared, where and when: a line of Markdown. */
function describeRun ({ date, machine, commit, users, rounds, secondsOfLoad }: Results): string {
  return `${date}, commit ${commit}, ${machine}; ${users} users in a closed loop on the same cores, ${rounds} rounds of ${secondsOfLoad} s each, ours and theirs in turn.`
}

/** Table of the targets; a missed one links to the reason. */
function barTable (results: Results): string {
  return markdownTable(['what', 'bar', 'stretch', 'measured', 'range', 'also', 'verdict'], listBars(results).map((bar) => {
    const { what, subject, measured, condition, note } = bar
    const verdict = judge(bar)
    return [
      what,
      limit(bar, bar.bar),
      limit(bar, bar.stretch),
      measured === undefined ? '' : amount(bar, measured.median),
      measured === undefined ? '' : `${amount(bar, measured.low)} to ${amount(bar, measured.high)}`,
      [condition?.text, note].filter((text) => text !== undefined).join('; '),
      verdict === 'does not hold' ? `[does not hold](in-the-way.md#${subject})` : verdict,
    ]
  }))
}

const limit = (bar: Bar, value: number): string => `${bar.sense === 'at least' ? '>=' : '<='} ${amount(bar, value)}`

function amount ({ unit }: Bar, value: number): string {
  return unit === 'x' ? `${value.toFixed(2)}x` : unit === 's' ? `${value.toFixed(2)} s` : `${value.toFixed(0)} MB`
}

const titleOf = ({ model, photos }: Comparison): string => `${model}, ${photoNames[photos]}`

/** Columns of a run: title, value, digits. */
const columns: ReadonlyArray<readonly [title: string, value: (run: Run) => number, digits: number]> = [
  ['requests/s', (run) => run.requestsPerSecond, 1],
  ['p50 ms', (run) => run.p50Ms, 0],
  ['p99 ms', (run) => run.p99Ms, 0],
  ['CPU ms per image', (run) => run.cpuMsPerImage, 1],
  ['RSS MB', (run) => run.rssBytes / 1e6, 0],
  ['PSS MB', (run) => run.pssBytes / 1e6, 0],
  ['start s', (run) => run.startMs / 1000, 2],
]

/** Both sides of each comparison, so that every ratio is next to its own numbers. */
function comparisonTable (peerComparisons: readonly PeerComparison[]): string {
  const head = ['server', 'body', ...columns.map(([title]) => title), 'scores differ by', 'failed']
  const rows = peerComparisons.flatMap(({ peer, body, pairs, agreement }) => [
    [peer, body, ...columns.map(([, value, digits]) => typical(pairs.map(({ theirs }) => theirs), value, digits)),
      agreement.scoreDifference.toFixed(3), failures(pairs.map(({ theirs }) => theirs))],
    ['GhostServe', body, ...columns.map(([, value, digits]) => typical(pairs.map(({ ours }) => ours), value, digits)),
      '', failures(pairs.map(({ ours }) => ours))],
    ['**ratio**', '', ...columns.map(([, value]) => range(ratioOf(pairs, value))), '', ''],
  ])
  return markdownTable(head, rows)
}

/** The median, as text. */
function typical (runs: readonly Run[], value: (run: Run) => number, digits: number): string {
  return spreadOf(runs.map(value)).median.toFixed(digits)
}

function failures (runs: readonly Run[]): string {
  return String(runs.reduce((sum, { failed }) => sum + failed, 0))
}

const range = ({ median, low, high }: Spread): string => `**${median.toFixed(2)}** (${low.toFixed(2)} to ${high.toFixed(2)})`

function startTable ({ starts }: Results): string {
  const seconds = (ms: number): string => (ms / 1000).toFixed(2)
  const rows = starts.map(({ name, startMs: { median, low, high } }) => [name, seconds(median), `${seconds(low)} to ${seconds(high)}`])
  return markdownTable(['server', 'seconds', 'range'], rows)
}

function settingsOf ({ comparisons, blockedGraph, draftDecoding }: Results): string[] {
  const peerComparisons = [...comparisons, blockedGraph, draftDecoding].flatMap((comparison) => comparison?.peerComparisons ?? [])
  const settings = new Map(peerComparisons.map(({ peer, version, setting }) => [peer, `- ${peer}, version ${version}: ${setting}`]))
  return [...settings.values()]
}

function markdownTable (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
