/** Results -> charts: data and options for Chart.js, without a line of drawing. */
import { greyColour, type Chart, type Dataset } from '../../api/cli/report/chart.ts'
import { percentiles, stages } from '../plan.ts'
import type { Result } from '../result.ts'
import { median } from '../../api/cli/bench/median.ts'
import { percentileOf, type Step } from '../step.ts'

/** Loads that saturate the service: only their throughput is its limit. */
export const isSaturating = ({ profile }: Result): boolean => ['steady', 'capacity', 'batch'].includes(profile)

export const headlineOf = ({ steps, headline }: Result): Step | undefined => headline === undefined ? undefined : steps[headline]

/** Key of a kind of result: the newest of each is charted. */
export const kindOf = ({ profile, model, settings }: Result): string =>
  [profile, model.name, ...settings['photos'] === undefined || settings['photos'] === 'web' ? [] : [settings['photos']]].join(', ')

export function newestOfEachKind (history: readonly Result[]): Result[] {
  return [...new Map(history.map((result) => [kindOf(result), result])).values()]
}

/** All charts that the history has data for. */
export function makeCharts (history: readonly Result[]): Chart[] {
  const newest = newestOfEachKind(history)
  return [
    latencyChart(newest), stagesChart(newest), throughputChart(newest), capacityChart(newest),
    ...newest.map(segmentsChart), coldStartChart(newest), ...historyCharts(history),
  ].filter((chart) => chart !== undefined)
}

function latencyChart (newest: readonly Result[]): Chart | undefined {
  const datasets = newest.flatMap((result): Dataset[] => {
    const latency = headlineOf(result)?.latencyMs
    if (latency === undefined) return []
    const points = percentiles.map((percentile) => ({ x: percentileOf(latency, percentile), y: percentile }))
    return [{ label: kindOf(result), data: [{ x: latency.min, y: 0 }, ...points, { x: latency.max, y: 100 }], colour: 0 }]
  })
  return withData({
    id: 'latency',
    title: 'Latency',
    explanation: 'Share of the requests that had their response within a time. The further left and the steeper, the better; ' +
      'a long flat end is the tail.',
    type: 'line',
    xScale: 'logarithmic',
    xTitle: 'milliseconds',
    yTitle: '% of requests',
    datasets: datasets.map((dataset, colour) => ({ ...dataset, colour })),
  })
}

function stagesChart (newest: readonly Result[]): Chart | undefined {
  const rows = newest.flatMap((result) => {
    const step = headlineOf(result)
    if (step?.latencyMs === undefined || Object.keys(step.stagesMs).length === 0) return []
    return [{ label: kindOf(result), step, total: step.latencyMs.mean }]
  })
  const meanOf = (step: Step, stage: typeof stages[number]): number => step.stagesMs[stage]?.mean ?? 0
  const rest = rows.map(({ step, total }) => Math.max(0, total - stages.reduce((sum, stage) => sum + meanOf(step, stage), 0)))
  return withData({
    id: 'stages',
    title: 'Where the time goes',
    explanation: 'Mean milliseconds of each stage of a request, as the service says in Server-Timing; the rest is HTTP, the network and the sender. ' +
      'In a saturated closed loop most of it is waiting in the queue.',
    type: 'bar',
    horizontal: true,
    stacked: true,
    xTitle: 'milliseconds',
    yTitle: '',
    labels: rows.map(({ label }) => label),
    datasets: rows.length === 0
      ? []
      : [
          ...stages.map((stage, colour) => ({ label: stage, data: rows.map(({ step }) => meanOf(step, stage)), colour })),
          { label: 'rest', data: rest, colour: greyColour },
        ],
  })
}

function throughputChart (newest: readonly Result[]): Chart | undefined {
  const ours = newest.flatMap((result) => {
    const step = headlineOf(result)
    return step === undefined || !isSaturating(result) ? [] : [{ label: `here: ${kindOf(result)}`, value: step.imagesPerSecond, work: 'here' }]
  })
  const reported = new Map(newest.filter(isSaturating).flatMap(({ comparisons }) => comparisons)
    .filter(({ unit }) => unit === 'images/s')
    .map((comparison) => [comparison.id, comparison]))
  const theirs = [...reported.values()].map(({ what, hardware, work, reported: value }) => ({ label: `${what} (${hardware})`, value, work }))
  const rows = ours.length === 0 ? [] : [...ours, ...theirs].sort((a, b) => a.value - b.value)
  const works = ['here', 'serving', 'inference', 'training']
  return withData({
    id: 'throughput',
    title: 'Throughput against reported numbers',
    explanation: 'Images a second, on a logarithmic axis, because machines differ by orders of magnitude. What was reported is other work on other machines: ' +
      'the table below says how it differs.',
    type: 'bar',
    horizontal: true,
    stacked: true, // one bar per row, whichever dataset it is in
    xScale: 'logarithmic',
    xTitle: 'images a second',
    yTitle: '',
    labels: rows.map(({ label }) => label),
    datasets: works
      .map((kind, colour) => ({ label: kind, data: rows.map(({ work, value }) => work === kind ? value : null), colour }))
      .filter(({ data }) => data.some((value) => value !== null)),
  })
}

function capacityChart (newest: readonly Result[]): Chart | undefined {
  const results = newest.filter(({ profile }) => profile === 'capacity')
  const datasets = results.flatMap((result, colour): Dataset[] => {
    const points = result.steps.flatMap(({ offeredPerSecond, latencyMs }) =>
      offeredPerSecond === undefined ? [] : [{ x: offeredPerSecond, y: percentileOf(latencyMs, 99) }])
    const rates = points.map(({ x }) => x)
    const bound = Number(result.settings['boundMs'])
    return [
      { label: kindOf(result), data: points, colour },
      { label: `bound ${bound} ms`, data: [{ x: Math.min(...rates), y: bound }, { x: Math.max(...rates), y: bound }], colour: greyColour, dashed: true },
    ]
  })
  return withData({
    id: 'capacity',
    title: 'Tail latency against load',
    explanation: 'Each dot is a step of Poisson arrivals. The capacity is the highest rate whose p99 stays under the bound, seen twice more.',
    type: 'scatter',
    xTitle: 'requests offered a second',
    yTitle: 'p99, milliseconds',
    datasets,
  })
}

function segmentsChart (result: Result): Chart | undefined {
  const { segments } = headlineOf(result) ?? { segments: [] }
  const rss = segments.map(({ rssBytes }) => rssBytes === undefined ? null : rssBytes / 1e6)
  return withData({
    id: `segments-${result.profile}`,
    title: `Over time: ${kindOf(result)}`,
    explanation: 'Latency in each stretch of the load, and the memory of the service.',
    type: 'bar',
    xTitle: '',
    yTitle: 'milliseconds',
    labels: segments.map(({ name }) => name),
    datasets: segments.length === 0
      ? []
      : [
          { label: 'p50', data: segments.map(({ latencyMs }) => nullIfNaN(percentileOf(latencyMs, 50))), colour: 0 },
          { label: 'p99', data: segments.map(({ latencyMs }) => nullIfNaN(percentileOf(latencyMs, 99))), colour: 1 },
          { label: 'RSS, MB', data: rss, colour: 2, yAxis: 'right' },
        ],
  })
}

function coldStartChart (newest: readonly Result[]): Chart | undefined {
  const results = newest.filter(({ coldStartsMs }) => coldStartsMs !== undefined)
  return withData({
    id: 'cold',
    title: 'Start to first response',
    explanation: 'From the spawn of the process to the first classified photo, sorted.',
    type: 'bar',
    xTitle: 'start',
    yTitle: 'milliseconds',
    labels: Array.from({ length: Math.max(0, ...results.map(({ coldStartsMs }) => coldStartsMs!.length)) }, (_, i) => String(i + 1)),
    datasets: results.map((result, colour) => ({ label: kindOf(result), data: [...result.coldStartsMs!].sort((a, b) => a - b), colour })),
  })
}

/** One chart of throughput and one of latency, over all results, in their order. */
function historyCharts (history: readonly Result[]): Array<Chart | undefined> {
  const kinds = [...new Set(history.map(kindOf))]
  const labels = history.map(({ at, commit }) => `${commit?.sha.slice(0, 7) ?? ''} ${at.slice(5, 16).replace('T', ' ')}`)
  const over = (valueOf: (result: Result) => number | undefined): Dataset[] => kinds
    .map((kind, colour) => {
      const data = history.map((result) => kindOf(result) === kind ? nullIfNaN(valueOf(result) ?? NaN) : null)
      return { label: kind, colour, data }
    })
    .filter(({ data }) => data.some((value) => value !== null))
  const explanation = 'Every result in its order, by commit. Compare only neighbours on one machine; ' +
    'npm run loadtest:compare decides whether a change is real.'
  const common = { type: 'line', explanation, xScale: 'category', xTitle: 'commit and time', labels } as const
  return [
    withData({
      ...common,
      id: 'history-throughput',
      title: 'History of throughput',
      yTitle: 'images or requests a second',
      datasets: over((result) => result.capacityPerSecond ?? headlineOf(result)?.imagesPerSecond),
    }),
    withData({
      ...common,
      id: 'history-latency',
      title: 'History of latency',
      yTitle: 'p99 (or start), milliseconds',
      datasets: over(({ coldStartsMs, ...result }) =>
        coldStartsMs === undefined ? percentileOf(headlineOf(result)?.latencyMs, 99) : median(coldStartsMs)),
    }),
    withData({
      ...common,
      id: 'history-cpu',
      title: 'History of CPU time',
      yTitle: 'CPU milliseconds per image',
      datasets: over((result) => (headlineOf(result)?.cpuSecondsPerImage ?? NaN) * 1000),
    }),
  ]
}

const withData = (chart: Chart): Chart | undefined => chart.datasets.some(({ data }) => data.length > 0) ? chart : undefined

const nullIfNaN = (value: number): number | null => Number.isNaN(value) ? null : value
