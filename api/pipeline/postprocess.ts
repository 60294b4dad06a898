import type { Label } from '../../models/labels.ts'

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
 */
export function postprocess (logits: Float32Array, labels: readonly Label[], topK: number): Prediction[] {
  const scores = softmax(logits)
  return rankClasses(logits, topK).map((classIndex) => {
    const { label, wnid = null } = labels[classIndex]!
    return { label, wnid, classIndex, score: scores[classIndex]! }
  })
}

/** Probabilities, float64 [classes]. The largest logit is subtracted before `exp`, and the sum is kept in float64. */
export function softmax (logits: Float32Array): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity)
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest))
  const total = powers.reduce((sum, power) => sum + power, 0)
  return powers.map((power) => power / total)
}

/** Indices of the `count` classes with the largest logits, largest first; equal ones in the order of their index. */
export function rankClasses (logits: Float32Array, count: number): number[] {
  return Array.from(logits.keys())
    .sort((a, b) => logits[b]! - logits[a]! || a - b)
    .slice(0, count)
}
