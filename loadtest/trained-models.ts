/** Who trained GhostNet how, how fast, and how good it became: the rows of the README's table of results. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog } from '../models/published/catalog.ts'
import type { GhostNet } from '../models/ghostnet.ts'
import type { Manifest } from '../models/manifest/manifest.ts'
import { bundledModelDirectory } from '../models/manifest/model-store.ts'
import { reportedNumbers } from './reported.ts'

/** What was not reported, or does not apply, is left out. */
export interface TrainedModel {
  readonly model: string
  readonly network: GhostNet
  readonly cards?: string
  /** Images of a step on each card. */
  readonly batch?: number
  /** Side of the training images in pixels. */
  readonly resolution?: string
  readonly stepMs?: number
  /** Of all cards together. */
  readonly imagesPerSecond?: number
  /** Percent of the validation set: ImageNet-1k, unless `model` says otherwise. */
  readonly top1: number
  readonly top5: number
  readonly recipe?: Link
  readonly weights?: Link
  readonly source: Link
}

export interface Link { readonly text: string, readonly url: string }

const widths = { ghostnet_050: 0.5, ghostnet_100: 1, ghostnet_130: 1.3 } as const
type Variant = keyof typeof widths
const imagenet = (variant: Variant): Pick<TrainedModel, 'model' | 'network'> =>
  ({ model: variant, network: { width: widths[variant], classes: 1000 } })

const mindcvFolder = 'https://github.com/mindspore-lab/mindcv/blob/main/configs/ghostnet'
const paper: Link = { text: 'paper', url: 'https://arxiv.org/abs/1911.11907' }

/** A published checkpoint of the catalog; the speed, if any, is the reported number with that id. */
function published (
  name: string, variant: Variant, measuredBy: string, source: Link, more: Partial<TrainedModel> = {}, speedId?: string
): TrainedModel {
  const entry = catalog.find((candidate) => candidate.name === name)
  const accuracy = entry?.accuracy.find((candidate) => candidate.measuredBy === measuredBy)
  const speed = reportedNumbers.find(({ id }) => id === speedId)
  if (entry === undefined || accuracy === undefined || (speedId !== undefined && speed === undefined)) {
    throw new Error(`Expected ${name} in the catalog and its speed among the reported numbers.`)
  }
  return {
    ...imagenet(variant),
    ...(speed !== undefined && { cards: speed.hardware, stepMs: speed.stepMs!, imagesPerSecond: speed.imagesPerSecond }),
    ...more,
    top1: accuracy.top1,
    top5: accuracy.top5,
    weights: { text: name, url: entry.urls[0]! },
    source,
  }
}

function mindcv (name: string, variant: Variant, more: Partial<TrainedModel>, speedId?: string): TrainedModel {
  return published(name, variant, 'MindCV', { text: 'MindCV', url: `${mindcvFolder}/README.md` }, {
    batch: 128, resolution: '224', recipe: { text: 'yaml', url: `${mindcvFolder}/${variant}_ascend.yaml` }, ...more,
  }, speedId)
}

/** As their publishers say; none of it was measured here. */
export const reportedModels: readonly TrainedModel[] = [
  mindcv('ghostnet_050.mindcv', 'ghostnet_050', {}, 'mindcv-ascend-910-x8'),
  mindcv('ghostnet_050.mindcv-2025', 'ghostnet_050', {}, 'mindcv-atlas-800t-a2-x8'),
  mindcv('ghostnet_100.mindcv', 'ghostnet_100', { cards: '8 x Ascend 910' }),
  mindcv('ghostnet_130.mindcv', 'ghostnet_130', { cards: '8 x Ascend 910' }),
  published('ghostnet_100', 'ghostnet_100', 'the GhostNet authors', { text: 'the authors', url: 'https://github.com/huawei-noah/Efficient-AI-Backbones/tree/master/ghostnet_pytorch' }),
  published('ghostnet_100.timm', 'ghostnet_100', 'timm', { text: 'timm, of the authors\' weights', url: 'https://huggingface.co/timm/ghostnet_100.in1k' }),
  { ...imagenet('ghostnet_050'), top1: 66.2, top5: 86.6, source: paper },
  { ...imagenet('ghostnet_100'), top1: 73.9, top5: 91.4, source: paper },
  { ...imagenet('ghostnet_130'), top1: 75.7, top5: 92.7, source: paper },
]

/** Trained for this project, and measured by its own `evaluate`. */
export function measuredModels (): TrainedModel[] {
  const { width, classes, accuracy } = JSON.parse(readFileSync(join(bundledModelDirectory, 'manifest.json'), 'utf8')) as Manifest
  const { top1, top5 } = accuracy.find(({ measuredBy }) => measuredBy.startsWith('ghostserve evaluate'))!
  const base = { model: `ghostnet_050, ${classes} classes of Tiny-ImageNet`, network: { width, classes } }
  return [
    {
      ...base, cards: '2 CPU cores', resolution: '64, 96, 128', top1: 47.2, top5: 73.45, source: { text: 'before', url: 'docs/explanation/bundled-model.md' },
    },
    {
      ...base,
      cards: 'from there, 1 x H200',
      batch: 512,
      resolution: '128',
      stepMs: 71.56,
      imagesPerSecond: 7156,
      top1,
      top5,
      recipe: { text: 'small, changed', url: 'models/training/recipes/small.yaml' },
      weights: { text: 'bundled', url: 'models/bundled' },
      source: { text: 'how', url: 'docs/explanation/bundled-model.md' },
    },
  ]
}
