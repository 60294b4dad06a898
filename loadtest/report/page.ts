/** The history of load tests as a page. */
import { escape, figures, renderPage, section, table } from '../../api/cli/report/page.ts'
import type { Result } from '../result.ts'
import { percentileOf } from '../step.ts'
import { headlineOf, isSaturating, kindOf, makeCharts, newestOfEachKind } from './charts.ts'

/** @param history - Oldest first, at least one. */
export function makePage (history: readonly Result[]): string {
  const newest = newestOfEachKind(history)
  const charts = makeCharts(history)
  const last = history.at(-1)!
  const notice = '<p class="notice">Results marked <b>void</b> do not count: the sender, not the service, set their limit.</p>'
  return renderPage('load tests', 'GhostServe load tests', describeMachine(last), charts, `
${newest.some(({ voidReasons }) => voidReasons.length > 0) ? notice : ''}
${overview(newest)}
${verdicts(newest)}
${figures(charts)}
${comparisons(newest)}
${allResults(history)}
`)
}

function describeMachine ({ machine, at, commit }: Result): string {
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB`
  const revision = commit === undefined ? '' : `, commit ${commit.sha.slice(0, 7)}${commit.isClean ? '' : ' with changes'} “${commit.subject}”`
  return `Last result ${at.slice(0, 16).replace('T', ' ')} UTC on ${machine.cores} cores of ${machine.processor}, ${memory}, ${machine.os}, Node ${machine.node}${revision}.`
}

function overview (newest: readonly Result[]): string {
  const rows = newest.map((result) => {
    const step = headlineOf(result)
    const starts = result.coldStartsMs === undefined ? undefined : [...result.coldStartsMs].sort((a, b) => a - b)
    return [
      state(result), kind(result), `${result.model.layout}, ${result.model.provider}`,
      result.capacityPerSecond === undefined ? number(step?.imagesPerSecond) : `${number(result.capacityPerSecond)} (capacity)`,
      number(step === undefined ? starts?.[starts.length >> 1] : percentileOf(step.latencyMs, 50)),
      number(step === undefined ? starts?.at(-1) : percentileOf(step.latencyMs, 99)),
      number(step?.cpuSecondsPerImage === undefined ? undefined : step.cpuSecondsPerImage * 1000),
      number(step?.peakRssBytes === undefined ? undefined : step.peakRssBytes / 1e6),
      number(result.machine.loadBefore),
    ]
  })
  return section('Latest of each kind', table(
    ['', 'profile, model', 'graph', 'images/s', 'p50 ms', 'p99 ms', 'CPU ms/image', 'RSS MB', 'load before'], rows, 3),
  'For a cold start the times are those to the first response. “Load before” is what else kept the machine busy in the minute before: above half of the cores, doubt the row.')
}

function verdicts (newest: readonly Result[]): string {
  const rows = newest.flatMap((result) => [
    ...result.verdicts.map(({ what, measured, bound, relation, unit, holds }) =>
      [badge(holds ? 'holds' : 'failed'), kind(result), escape(what), number(measured), whole(`${relation} ${number(bound)} ${unit}`)]),
    ...result.voidReasons.map((reason) => [badge('void'), kind(result), escape(reason), '', '']),
  ])
  return section('Verdicts', table(['', 'profile, model', 'what', 'measured', 'threshold'], rows, 3))
}

function comparisons (newest: readonly Result[]): string {
  const groups = newest.filter((result) => isSaturating(result) || result.profile === 'cold').map((result) => {
    const rows = result.comparisons.map(({ what, hardware, work, unit, reported, measured, ratio, batch, comparability, source }) => [
      `<a href="${escape(source)}">${escape(what)}</a><br><small>${escape(hardware)}</small>`, work, `${number(reported)} ${unit}`, `${number(measured)} ${unit}`,
      ratio.toPrecision(3),
      batch === undefined ? '' : `${number(batch.reportedMs)} → ${number(batch.measuredMs)} <small>(${batch.images})</small>`,
      `<small>${escape(comparability)}</small>`,
    ])
    return `<h3>${escape(kindOf(result))}</h3>${table(['reported', 'work', 'there', 'here', 'ratio', 'ms a batch, there → here (images)', 'is it the same work?'], rows, 2)}`
  })
  return groups.length === 0 ? '' : section('Against reported numbers', groups.join('\n'), 'A ratio above 1 is faster here.')
}

function allResults (history: readonly Result[]): string {
  const rows = [...history].reverse().slice(0, 50).map((result) => [
    state(result), result.at.slice(0, 16).replace('T', ' '), result.commit?.sha.slice(0, 7) ?? '', kind(result),
    number(result.capacityPerSecond ?? headlineOf(result)?.imagesPerSecond), number(percentileOf(headlineOf(result)?.latencyMs, 99)),
    `<small>${escape(Object.entries(result.settings).map(([name, value]) => `${name}=${value}`).join(' '))}</small>`,
  ])
  return `<details><summary>All results (the last ${rows.length} of ${history.length})</summary>${
    table(['', 'time', 'commit', 'profile, model', 'images/s', 'p99 ms', 'settings'], rows, 4)}</details>`
}

/** Text that is not broken into lines. */
const whole = (text: string): string => `<span class="whole">${escape(text)}</span>`

const kind = (result: Result): string => whole(kindOf(result))

const state = ({ voidReasons, verdicts }: Result): string =>
  badge(voidReasons.length > 0 ? 'void' : verdicts.every(({ holds }) => holds) ? 'holds' : 'failed')

const badge = (state: 'holds' | 'failed' | 'void'): string => `<span class="badge ${state}">${state}</span>`

function number (value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return ''
  return Number.isInteger(value) || Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
