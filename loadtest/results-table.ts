/** Trained models -> the two tables of the README, in the columns of MindCV's. */
import { countGhostNet } from '../models/ghostnet.ts'
import { measuredModels, reportedModels, type Link, type TrainedModel } from './trained-models.ts'

const columns: ReadonlyArray<readonly [heading: string, cellOf: (row: TrainedModel) => string | number | undefined]> = [
  ['model', ({ model }) => model],
  ['params (M)', ({ network }) => (countGhostNet(network).learnableParameters / 1e6).toFixed(2)],
  ['cards', ({ cards }) => cards],
  ['batch', ({ batch }) => batch],
  ['resolution', ({ resolution }) => resolution],
  ['ms/step', ({ stepMs }) => stepMs?.toFixed(2)],
  ['img/s', ({ imagesPerSecond }) => imagesPerSecond],
  ['top-1', ({ top1 }) => top1],
  ['top-5', ({ top5 }) => top5],
  ['recipe', ({ recipe }) => linkOf(recipe)],
  ['weights', ({ weights }) => linkOf(weights)],
  ['source', ({ source }) => linkOf(source)],
]

export function resultsTable (): string {
  return [
    '**Reported** by others, on their machines; nothing of it was measured here:', '', ...tableOf(reportedModels), '',
    '**Measured** by this project:', '', ...tableOf(measuredModels()),
  ].join('\n')
}

/** The part of the README that the table is, with its marks. */
export const resultsMarks = /(<!-- results -->\n)([^]*)(\n<!-- \/results -->)/

function tableOf (rows: readonly TrainedModel[]): string[] {
  return [
    `| ${columns.map(([heading]) => heading).join(' | ')} |`,
    `|${'---|'.repeat(columns.length)}`,
    ...rows.map((row) => `| ${columns.map(([, cellOf]) => cellOf(row) ?? '').join(' | ')} |`),
  ]
}

const linkOf = (link: Link | undefined): string | undefined => link === undefined ? undefined : `[${link.text}](${link.url})`
