/** Results of images -> the quality of the model: overall, by class, confusions, and calibration. */
import type { Label } from '../../../models/manifest/labels.ts'
import { rankClasses, softmax } from '../../engine/postprocess.ts'
import { measureCalibration, type Calibration } from './calibration.ts'
import { isClassified, type ImageResult } from './image-result.ts'

export interface Tally {
  readonly images: number
  /** Percent of all images; those that could not be classified count as wrong. */
  readonly top1: number
  readonly top5: number
  /** Mean of -log of the score of the right class, over the images that were classified. */
  readonly negativeLogLikelihood: number
  readonly calibration: Calibration
  /** Results of each class that has images, in the order of the class indices. */
  readonly classes: readonly ClassTally[]
  /** Most frequent confusions, a readable number of them. */
  readonly confusions: readonly Confusion[]
  readonly failed: ReadonlyArray<{ readonly file: string, readonly code: string, readonly detail: string }>
}

export interface ClassTally {
  readonly classIndex: number
  readonly label: string
  readonly images: number
  /** Percent of the class's images. */
  readonly top1: number
  readonly top5: number
}

/** Images of one class that were classified as another; `of` is the number of images of the class. */
export interface Confusion { readonly label: string, readonly takenFor: string, readonly images: number, readonly of: number }

const maxConfusions = 50

/** Tallies results. @param temperature - Divisor of the logits before the softmax, as in the service. */
export function tallyResults (results: readonly ImageResult[], labels: readonly Label[], temperature: number): Tally {
  const outcomes = results.filter(isClassified).map(({ classIndex, logits }) => {
    const scores = softmax(logits, temperature)
    const ranking = rankClasses(logits, 5)
    const predicted = ranking[0]!
    return { classIndex, predicted, rank: ranking.indexOf(classIndex), score: scores[predicted]!, likelihood: scores[classIndex]! }
  })
  const hits = labels.map((): Hits => ({ images: 0, top1: 0, top5: 0 }))
  for (const { classIndex } of results) hits[classIndex]!.images++
  for (const { classIndex, rank } of outcomes) {
    hits[classIndex]!.top1 += Number(rank === 0)
    hits[classIndex]!.top5 += Number(rank >= 0)
  }
  const total = (key: keyof Hits): number => hits.reduce((sum, hit) => sum + hit[key], 0)
  return {
    ...inPercent({ images: total('images'), top1: total('top1'), top5: total('top5') }),
    negativeLogLikelihood: mean(outcomes.map(({ likelihood }) => -Math.log(Math.max(likelihood, Number.MIN_VALUE)))),
    calibration: measureCalibration(outcomes.map(({ score, rank }) => ({ score, isRight: rank === 0 }))),
    classes: labels
      .map(({ label }, classIndex) => ({ classIndex, label, ...inPercent(hits[classIndex]!) }))
      .filter(({ images }) => images > 0),
    confusions: countConfusions(outcomes.filter(({ rank }) => rank !== 0), labels, hits),
    failed: results.flatMap((result) => isClassified(result) ? [] : [{ file: result.name, ...result.error }]),
  }
}

function countConfusions (
  mistakes: ReadonlyArray<{ classIndex: number, predicted: number }>, labels: readonly Label[], hits: readonly Hits[]
): Confusion[] {
  const counts = new Map<string, Confusion>()
  for (const { classIndex, predicted } of mistakes) {
    const pair = `${classIndex} ${predicted}`
    const images = (counts.get(pair)?.images ?? 0) + 1
    counts.set(pair, { label: labels[classIndex]!.label, takenFor: labels[predicted]!.label, images, of: hits[classIndex]!.images })
  }
  return [...counts.values()].sort((a, b) => b.images - a.images).slice(0, maxConfusions)
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

interface Hits { images: number, top1: number, top5: number }

/** Counts -> percent with two decimals. */
function inPercent ({ images, top1, top5 }: Hits): Hits {
  const percent = (count: number): number => images === 0 ? 0 : Math.round((count / images) * 10_000) / 100
  return { images, top1: percent(top1), top5: percent(top5) }
}
