/** The numbers and the plot of docs/explanation/scaling.md. Run as built, it writes them: `npm run docs:scaling`, which needs Chromium. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../models/package-root.ts'
import { replaceSection } from '../generated-section.ts'
import { readMeasured } from '../sizing/measured.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { drawPlot } from './plot.ts'
import { assumedStartSeconds, day, simulateKeda, simulateKnative, sliceSeconds, type Scenario } from './scenarios.ts'
import type { Slice } from './simulate.ts'

export const scalingDocument = join(packageRoot, 'docs/explanation/scaling.md')
export const scalingSection = 'simulation'
const plotPath = join(packageRoot, 'docs/images/scaling.png')

/** Of images in work a replica, beside the shipped ones. */
const otherTargets = { keda: [8, 32], knative: [8, 32], gpu: [3, 32] }

export interface Simulated {
  readonly shipped: { readonly keda: Scenario, readonly knative: Scenario, readonly gpu: Scenario }
  readonly others: readonly Scenario[]
}

export function simulateAll (): Simulated {
  return {
    shipped: { keda: simulateKeda(false), knative: simulateKnative(), gpu: simulateKeda(true) },
    others: [
      ...otherTargets.keda.map((target) => simulateKeda(false, target)),
      ...otherTargets.knative.map((target) => simulateKnative(target)),
      ...otherTargets.gpu.map((target) => simulateKeda(true, target)),
    ],
  }
}

export function renderScalingSection ({ shipped, others }: Simulated): string {
  const { machine, at, startMs, cpuMs } = readMeasured()
  const { keda, knative, gpu } = shipped
  return [
    `Instances as measured on ${at.slice(0, 10)} (${machine.processor}; [measured.json](../../loadtest/sizing/measured.json)): an image takes ` +
      `${number(cpuMs.web.onCpu)} ms of one core, or ${number(cpuMs.web.http + cpuMs.web.decode)} ms where a GPU runs the network; ` +
      `a process classifies its first photo ${number(startMs / 1000)} s after its start. Assumed, not measured: ${assumedStartSeconds.pod} s from the decision to the start of the ` +
      `process, ${assumedStartSeconds.gpuNode} s where a node with a GPU has to be made.`,
    '',
    `The day has ${keda.outcome.offered} requests, the same for all: a wave with its peak at ${day.peak} times what one CPU instance can do (${number(keda.replicaPerSecond)} images/s), nothing for ` +
      `some hours of the night, and at ${day.burstFrom / 3600}:00 for ${day.burstSeconds / 60} minutes ${day.burst} times more, at once.`,
    '',
    '| as shipped | target | p99, the wave | p99, the burst | refused, the wave | refused, the burst | instance hours | most at once | starts |',
    '|---|---|---|---|---|---|---|---|---|',
    ...[keda, knative, gpu].map(row),
    '',
    'The same day with other targets of images (Knative: requests) in work for each instance:',
    '',
    '| with another target | target | p99, the wave | p99, the burst | refused, the wave | refused, the burst | instance hours | most at once | starts |',
    '|---|---|---|---|---|---|---|---|---|',
    ...others.map(row),
  ].join('\n')
}

/** The burst is counted with the minutes that its queues take to empty. */
const isOfBurst = ({ fromSecond }: Slice): boolean =>
  fromSecond >= day.burstFrom && fromSecond < day.burstFrom + day.burstSeconds + sliceSeconds

function row ({ title, target, outcome: { slices, replicaSeconds, starts } }: Scenario): string {
  const parts = [slices.filter((slice) => !isOfBurst(slice)), slices.filter(isOfBurst)]
  const cells = [
    title,
    target,
    ...parts.map((part) => `${number(quantileOf(part, 0.99) * 1000)} ms`),
    ...parts.map((part) => `${number(sum(part, ({ refused }) => refused) / sum(part, ({ offered }) => offered) * 100)} %`),
    number(replicaSeconds / 3600),
    Math.max(...slices.map(({ readyReplicaSeconds }) => Math.round(readyReplicaSeconds / sliceSeconds))),
    starts,
  ]
  return `| ${cells.join(' | ')} |`
}

function quantileOf (slices: readonly Slice[], q: number): number {
  const all = new LatencyHistogram()
  for (const { latency } of slices) all.addAll(latency)
  return all.quantile(q)
}

function sum (slices: readonly Slice[], valueOf: (slice: Slice) => number): number {
  return slices.reduce((total, slice) => total + valueOf(slice), 0)
}

/** Three significant digits, or all of those before the point. */
function number (value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const simulated = simulateAll()
  writeFileSync(scalingDocument, replaceSection(readFileSync(scalingDocument, 'utf8'), scalingSection, renderScalingSection(simulated)))
  await drawPlot(Object.values(simulated.shipped), sliceSeconds, plotPath)
}
