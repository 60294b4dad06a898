/** A result for a terminal. */
import { table } from '../api/cli/describe-model.ts'
import type { Result } from './result.ts'
import { quantile } from './statistics.ts'
import { percentileOf } from './step.ts'

export function printResult (result: Result): void {
  const { profile, model, machine, steps, coldStartsMs, capacityPerSecond, verdicts, voidReasons, comparisons } = result
  const lines = [
    `${profile}: ${model.name} (${model.layout}, ${model.provider}) on ${machine.cores} cores of ${machine.processor}`,
    ...(steps.length > 0 ? [printSteps(steps)] : []),
    ...(coldStartsMs === undefined ? [] : [printStarts(coldStartsMs)]),
    ...(capacityPerSecond === undefined ? [] : [`capacity: ${capacityPerSecond.toFixed(1)} requests/s`]),
    ...verdicts.map(({ what, measured, bound, relation, unit, holds }) =>
      `${holds ? 'holds ' : 'FAILED'} ${what}: ${format(measured)} ${unit}, expected ${relation} ${format(bound)} ${unit}`.trimEnd()),
    ...voidReasons.map((reason) => `VOID   ${reason}`),
    table([
      ['reported', 'on', 'work', 'unit', 'reported', 'here', 'ratio'],
      ...comparisons.map(({ what, hardware, work, unit, reported, measured, ratio }) =>
        [what, hardware, work, unit, format(reported), format(measured), ratio.toFixed(3)]),
    ], new Set([4, 5, 6])),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

function printStarts (milliseconds: readonly number[]): string {
  return `start to first response: p50 ${quantile(milliseconds, 0.5).toFixed(0)} ms, slowest ${Math.max(...milliseconds).toFixed(0)} ms`
}

function printSteps (steps: Result['steps']): string {
  return table([
    ['step', 'requests/s', 'p50 ms', 'p99 ms', 'rejected', 'failed', 'CPU ms per image', 'RSS MB'],
    ...steps.map((step) => [
      step.label, step.requestsPerSecond.toFixed(1),
      percentileOf(step.latencyMs, 50).toFixed(1), percentileOf(step.latencyMs, 99).toFixed(1),
      String(step.rejections), String(step.failures), step.cpuSecondsPerImage === undefined ? '' : (step.cpuSecondsPerImage * 1000).toFixed(1),
      step.peakRssBytes === undefined ? '' : (step.peakRssBytes / 1e6).toFixed(0),
    ]),
  ], new Set([1, 2, 3, 4, 5, 6, 7]))
}

/** Three significant digits, or all of a whole number. */
function format (value: number): string {
  return Number.isInteger(value) ? String(value) : value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
