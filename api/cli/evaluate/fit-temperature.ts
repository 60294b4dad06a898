/** Temperature scaling (Guo et al., 2017, arXiv 1706.04599): one number that calibrates the scores. */
import { maxTemperature, minTemperature } from '../../../models/manifest/temperature.ts'
import { softmax } from '../../engine/postprocess.ts'

/** An image whose class is known. */
interface Example { readonly logits: Float32Array, readonly classIndex: number }

/** Steps of Newton's method, which squares its error at each. */
const maxSteps = 50
const tolerance = 1e-6

/**
 * Fits the temperature with the least negative log likelihood, within the bounds of a manifest.
 *
 * The likelihood is convex in 1 / temperature: its slope is the mean of (expected logit - logit of the right class), the slope's own
 * slope is the logits' variance. Where Newton's step leaves the bracket of the root, the bracket is halved.
 */
export function fitTemperature (examples: readonly Example[]): number {
  let [low, high] = [1 / maxTemperature, 1 / minTemperature]
  let inverse = 1
  for (let step = 0; step < maxSteps; step++) {
    const { slope, curvature } = differentiate(examples, inverse)
    if (slope < 0) low = inverse
    else high = inverse
    const next = inverse - slope / curvature
    const moved = next > low && next < high ? next : (low + high) / 2
    if (Math.abs(moved - inverse) < tolerance * inverse) break
    inverse = moved
  }
  return Number(Math.min(maxTemperature, Math.max(minTemperature, 1 / inverse)).toPrecision(4))
}

/** Slope and curvature of the negative log likelihood in 1 / temperature. */
function differentiate (examples: readonly Example[], inverse: number): { slope: number, curvature: number } {
  let slope = 0
  let curvature = 0
  for (const { logits, classIndex } of examples) {
    const scores = softmax(logits, 1 / inverse)
    let expected = 0
    let expectedSquare = 0
    for (const [i, score] of scores.entries()) {
      expected += score * logits[i]!
      expectedSquare += score * logits[i]! ** 2
    }
    slope += (expected - logits[classIndex]!) / examples.length
    curvature += (expectedSquare - expected ** 2) / examples.length
  }
  return { slope, curvature }
}
