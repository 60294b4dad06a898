/** Description of a model in words and a table, for the terminal. */
import { countGhostNet, describeGhostNet, type GhostNet } from '../../models/ghostnet.ts'
import type { Manifest } from '../../models/manifest/manifest.ts'

/** timm's and MindCV's name of a width: 0.5 is ghostnet_050. */
export function variantName ({ width }: Pick<GhostNet, 'width'>): string {
  return `ghostnet_${String(Math.round(width * 100)).padStart(3, '0')}`
}

export function describeModel ({ name, width, classes, preprocessing, weights, provenance, accuracy }: Manifest): string {
  const { cropSize, cropPct, interpolation, resizer = 'pillow' } = preprocessing
  return table([
    ['model', name],
    ...networkRows({ width, classes }, cropSize),
    ['input', `${cropSize} x ${cropSize} pixels, ${interpolation} (${resizer}), crop ${cropPct}`],
    ['weights', `${weights.dtype}, sha256 ${weights.sha256}`],
    ['from', `${provenance.checkpoint} (${provenance.checkpointFormat}), sha256 ${provenance.checkpointSha256}`],
    ...accuracy.map(({ dataset, top1, top5, measuredBy }) => ['accuracy', `${top1} / ${top5} top-1/top-5, ${dataset}, ${measuredBy}`]),
  ])
}

export function networkRows (network: GhostNet, cropSize: number): Array<[string, string]> {
  const { learnableParameters, batchNormStatistics, macs } = countGhostNet(network, cropSize)
  return [
    ['variant', `${variantName(network)} (width ${network.width}), ${network.classes} classes`],
    ['parameters', `${grouped(learnableParameters)} learnable, ${grouped(learnableParameters + batchNormStatistics)} with batch norm statistics`],
    ['MACs', `${grouped(macs)} at ${cropSize} x ${cropSize}`],
  ]
}

export interface Stage {
  readonly stage: string
  /** A shape [C, H, W] in words. */
  readonly output: string
  readonly layers: number
  readonly parameters: number
  readonly macs: number
}

/** The network's stages: its stem, each bottleneck, its head. */
export function describeStages (network: GhostNet, cropSize: number): Stage[] {
  const stages = new Map<string, Stage>()
  for (const { name, output, parameters, macs } of describeGhostNet(network, cropSize)) {
    const stage = /^blocks\.\d+\.\d+/.exec(name)?.[0] ?? name
    const before = stages.get(stage)
    const own = [...parameters.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)
    stages.set(stage, {
      stage,
      output: output.join(' x '),
      layers: (before?.layers ?? 0) + 1,
      parameters: (before?.parameters ?? 0) + own,
      macs: (before?.macs ?? 0) + macs,
    })
  }
  return [...stages.values()]
}

export function stageTable (stages: readonly Stage[]): string {
  const rows = stages.map((stage) => [stage.stage, stage.output, String(stage.layers), grouped(stage.parameters), grouped(stage.macs)])
  return table([['stage', 'output', 'layers', 'parameters', 'MACs'], ...rows], new Set([2, 3, 4]))
}

export function table (rows: ReadonlyArray<readonly string[]>, rightAligned: ReadonlySet<number> = new Set()): string {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const align = (cell: string, column: number): string =>
    rightAligned.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)
  return rows.map((row) => row.map(align).join('  ').trimEnd()).join('\n')
}

function grouped (count: number): string {
  return count.toLocaleString('en-US')
}
