import { Type, type Static } from 'typebox'
import type { Layout } from '../onnx/layout.ts'

export const SelfTestSchema = Type.Object({
  topLogits: Type.Array(Type.Object({ classIndex: Type.Integer({ minimum: 0 }), logit: Type.Number() }), {
    minItems: 1, description: 'The largest logits that the model gave for the self-test image when it was built.',
  }),
}, { additionalProperties: false, description: 'Logits that a session must reproduce before the service is ready.' })

/** Logits that a model gave for the self-test image when it was built. */
export type SelfTest = Static<typeof SelfTestSchema>

/**
 * Largest accepted deviation of a logit, relative to the largest one: twenty times the rounding seen in a layout of that precision.
 *
 * @param isTf32 - Whether float32 is multiplied in TF32, whose significands are those of float16: 1.0e-3 was seen on an H200.
 */
export const selfTestTolerance = (layout: Layout, isTf32 = false): number => layout === 'plain-fp16' || isTf32 ? 2e-2 : 1e-3

const recordedLogits = 5

/** An image that is the same on every machine: crossed colour gradients with texture. uint8 [cropSize, cropSize, 3]. */
export function selfTestPixels (cropSize: number): Uint8Array {
  const pixels = new Uint8Array(cropSize * cropSize * 3)
  for (let y = 0; y < cropSize; y++) {
    for (let x = 0; x < cropSize; x++) {
      const at = (y * cropSize + x) * 3
      pixels[at] = Math.floor((x * 255) / cropSize)
      pixels[at + 1] = Math.floor((y * 255) / cropSize)
      pixels[at + 2] = (x * y + 37 * (x ^ y)) & 255
    }
  }
  return pixels
}

/** Records the largest logits. @param logits - float32 [classes], of the self-test image. */
export function recordSelfTest (logits: Float32Array): SelfTest {
  const topLogits = [...logits.entries()]
    .sort(([, a], [, b]) => b - a)
    .slice(0, recordedLogits)
    .map(([classIndex, logit]) => ({ classIndex, logit: Number(logit.toPrecision(7)) }))
  return { topLogits }
}

/** Largest difference from the recorded logits, relative to the largest of them; `NaN` and missing logits are infinitely far. */
export function selfTestDeviation ({ topLogits }: SelfTest, logits: Float32Array): number {
  const largest = Math.max(...topLogits.map(({ logit }) => Math.abs(logit)))
  const deviation = Math.max(...topLogits.map(({ classIndex, logit }) => Math.abs((logits[classIndex] ?? NaN) - logit))) / largest
  return Number.isNaN(deviation) ? Infinity : deviation
}
