import type { LoadedModel } from './load-model.ts'

/** Selection of an image's classes. */
export interface Selection {
  readonly topK: number
  /** Predictions with a lower score are left out. */
  readonly minScore?: number | undefined
}

export interface Prediction {
  readonly label: string
  /** WordNet id, where the class has one. */
  readonly wnid: string | null
  readonly classIndex: number
  /** Softmax probability. */
  readonly score: number
}

/**
 * The `topK` most probable classes, by descending score; equal scores in the order of their class index.
 *
 * @param logits - float32 [classes], any finite size.
 * @param minScore - Classes with a lower score are left out, maybe all of them.
 */
export function postprocess (
  logits: Float32Array, { labels, temperature }: Pick<LoadedModel, 'labels' | 'temperature'>, topK: number, minScore = 0
): Prediction[] {
  const scores = softmax(logits, temperature)
  return rankClasses(logits, topK).filter((classIndex) => scores[classIndex]! >= minScore).map((classIndex) => {
    const { label, wnid = null } = labels[classIndex]!
    return { label, wnid, classIndex, score: scores[classIndex]! }
  })
}

/*
 * Plain loops below: with a callback per class, every logit becomes an object on the heap, 0.2 MB for an image of 1000 classes.
 */

/**
 * Probabilities, float64 [classes]. The largest logit is subtracted before `exp`, and the sum is kept in float64.
 *
 * @param temperature - Divisor of the logits: above 1 the scores are less sure. The order stays that of the logits.
 */
export function softmax (logits: Float32Array, temperature: number): Float64Array {
  let largest = -Infinity
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i]!)
  const scores = new Float64Array(logits.length)
  let total = 0
  for (let i = 0; i < logits.length; i++) total += scores[i] = Math.exp((logits[i]! - largest) / temperature)
  for (let i = 0; i < scores.length; i++) scores[i]! /= total
  return scores
}

/** Indices of the `count` classes with the largest logits, largest first; equal ones in the order of their index. */
export function rankClasses (logits: Float32Array, count: number): number[] {
  const best: number[] = []
  for (let i = 0; i < logits.length; i++) {
    if (best.length === count && !(logits[i]! > logits[best[count - 1]!]!)) continue
    let place = Math.min(best.length, count - 1)
    for (; place > 0 && logits[i]! > logits[best[place - 1]!]!; place--) best[place] = best[place - 1]!
    best[place] = i
  }
  return best
}
