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
 * @param logits - float32 [classes], any finite size: the largest is subtracted before `exp`, the sum is kept in float64.
 */
export function postprocess (logits: Float32Array, labels: readonly Label[], topK: number): Prediction[] {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity)
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)
  return Array.from(logits, (logit, classIndex) => ({ logit, classIndex }))
    .sort((a, b) => b.logit - a.logit || a.classIndex - b.classIndex)
    .slice(0, topK)
    .map(({ logit, classIndex }) => {
      const { label, wnid = null } = labels[classIndex]!
      return { label, wnid, classIndex, score: Math.exp(logit - largest) / total }
    })
}
