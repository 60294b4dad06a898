/** A network as a page: its stages as a drawing, what each costs, and every layer. */
import { describeGhostNet, type GhostNet } from '../../../models/ghostnet.ts'
import { describeStages, networkRows, type Stage } from '../describe-model.ts'
import type { Chart } from '../report/chart.ts'
import { escape, figures, renderPage, section, table } from '../report/page.ts'

export interface Inspected {
  readonly title: string
  readonly network: GhostNet
  readonly cropSize: number
  /** Measured times; undefined if there is no graph to run. */
  readonly times: PartTimes | undefined
}

/** Times of the stages in ms, for one image on one thread. */
export interface PartTimes {
  readonly stages: ReadonlyMap<string, number>
  /** Times of the layers of the layout `plain`, without fusions. */
  readonly layers: ReadonlyMap<string, number>
  /** Layout of the stages, which is served. */
  readonly layout: string
  readonly processor: string
}

type Times = ReadonlyMap<string, number> | undefined

export function networkPage ({ title, network, cropSize, times }: Inspected): string {
  const stages = describeStages(network, cropSize)
  const stageMs = times?.stages
  const charts = [costChart(stages, stageMs)]
  const timeNote = times === undefined
    ? 'No times: a checkpoint has no graph that could be run. ghostserve build makes one.'
    : `Times are of one image on one thread, from onnxruntime's profile on this machine (${times.processor}), with the layout that is served here, ${times.layout}.`
  return renderPage('network', title, networkRows(network, cropSize).map(([name, value]) => `${name}: ${value}`).join('; '), charts, `
${section('Stages', drawing(stages, stageMs), 'Each bar is as wide as its stage\'s output has channels and as high as its map; the scales are logarithmic. ' +
  `${stageMs === undefined ? '' : 'The fuller the colour, the more of the time it takes. '}${escape(timeNote)}`)}
${figures(charts)}
${section('What each stage costs', stageRows(stages, stageMs))}
${section('Layers', layerRows(network, cropSize, times?.layers), times === undefined
? ''
: 'Their times are of the layout plain without fusions, where a layer is ' +
  `a node: longer than what is served, ${escape(times.layout)}, which joins them. What comes between two layers counts for the former.`)}
`)
}

function costChart (stages: readonly Stage[], stageMs: Times): Chart {
  const shares = (values: readonly number[]): number[] => {
    const total = values.reduce((sum, value) => sum + value, 0)
    return values.map((value) => 100 * value / total)
  }
  const datasets = [
    { label: 'parameters', data: shares(stages.map(({ parameters }) => parameters)), colour: 0 },
    { label: 'MACs', data: shares(stages.map(({ macs }) => macs)), colour: 1 },
    ...(stageMs === undefined ? [] : [{ label: 'time', data: shares(stages.map(({ stage }) => stageMs.get(stage)!)), colour: 2 }]),
  ]
  return {
    id: 'costs',
    title: 'Shares of the whole',
    explanation: 'Early stages compute on large maps with few parameters; the last ones hold most parameters and compute little.',
    type: 'bar',
    xTitle: 'stage',
    yTitle: '%',
    xScale: 'category',
    labels: stages.map(({ stage }) => stage),
    datasets,
  }
}

/** Inline SVG, so that it needs no script. */
function drawing (stages: readonly Stage[], stageMs: Times): string {
  const longest = Math.max(...stageMs?.values() ?? [])
  const [gap, top, height] = [8, 10, 130]
  let x = 1 // half of the first stroke
  const boxes = stages.map(({ stage, output }) => {
    const [channels = 1, size = 1] = output.split(' x ').map(Number)
    const width = 4 * Math.log2(channels)
    const boxHeight = 12 + 16 * Math.log2(size)
    const ms = stageMs?.get(stage)
    const opacity = ms === undefined ? 0.6 : 0.15 + 0.85 * ms / longest
    const y = top + (height - boxHeight) / 2
    const words = `${stage}: ${output}${ms === undefined ? '' : `, ${ms.toFixed(3)} ms`}`
    const middle = x + width / 2
    const box = `<g><title>${words}</title><rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${boxHeight.toFixed(1)}" rx="3" ` +
      `fill="var(--c0)" fill-opacity="${opacity.toFixed(2)}" stroke="var(--c0)"/>` +
      `<text transform="translate(${(middle + 4).toFixed(1)} ${top + height + 12}) rotate(90)" fill="var(--ink)" font-size="9">${stage} ` +
      `<tspan fill="var(--soft)">${output}</tspan></text></g>`
    x += width + gap
    return box
  })
  return `<div class="table"><svg viewBox="0 0 ${Math.ceil(x)} ${top + height + 120}" width="100%" role="img" aria-label="The stages of the network">${boxes.join('')}</svg></div>`
}

function stageRows (stages: readonly Stage[], stageMs: Times): string {
  const rows = stages.map(({ stage, output, layers, parameters, macs }) =>
    [stage, output, ...[layers, parameters, macs].map(String), ...(stageMs === undefined ? [] : [stageMs.get(stage)!.toFixed(3)])])
  return table(['stage', 'output [C x H x W]', 'layers', 'parameters', 'MACs', ...(stageMs === undefined ? [] : ['ms'])], rows, 2)
}

function layerRows (network: GhostNet, cropSize: number, layerMs: Times): string {
  const rows = describeGhostNet(network, cropSize).map(({ name, kind, kernel, stride, output, parameters, macs }) => {
    const count = [...parameters.values()].reduce((sum, shape) => sum + shape.reduce((product, dimension) => product * dimension, 1), 0)
    const ms = layerMs === undefined ? [] : [layerMs.get(name)!.toFixed(3)]
    return [name, kind, `${kernel} x ${kernel}, stride ${stride}`, output.join(' x '), String(count), String(macs), ...ms]
  })
  return table(['layer', 'kind', 'kernel', 'output [C x H x W]', 'parameters', 'MACs', ...(layerMs === undefined ? [] : ['ms'])], rows, 4)
}
