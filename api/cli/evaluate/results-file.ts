/** Results of an evaluation as JSON lines: one that describes the evaluation, then one per image, in the order of the data set. */
import { isClassified, type ImageResult } from './image-result.ts'

/** The evaluation that the results belong to. */
export interface EvaluatedModel {
  readonly model: string
  readonly weightsSha256: string
  readonly preprocessing: object
  readonly layout: string
}

/** Encodes logits, float32 [classes] in little-endian order, as base64. */
export function * resultLines (evaluated: EvaluatedModel, results: readonly ImageResult[]): Generator<string, void, void> {
  yield `${JSON.stringify(evaluated)}\n`
  for (const result of results) yield `${JSON.stringify(isClassified(result) ? { ...result, logits: encode(result.logits) } : result)}\n`
}

/** Whether a file begins like such lines. */
export const isResultLines = (text: string): boolean => /^\{"model":".*","weightsSha256":"[0-9a-f]{64}","preprocessing":\{/.test(text)

function encode (logits: Float32Array): string {
  const bytes = Buffer.alloc(logits.length * Float32Array.BYTES_PER_ELEMENT)
  for (const [i, logit] of logits.entries()) bytes.writeFloatLE(logit, i * Float32Array.BYTES_PER_ELEMENT)
  return bytes.toString('base64')
}
