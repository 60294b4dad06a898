/** The results of an evaluation as JSON lines: one that says of what, then one per image, in the order of the data set. */
import { isClassified, type ImageResult } from './image-result.ts'

/** What the results are of. */
export interface EvaluatedModel {
  readonly model: string
  readonly weightsSha256: string
  readonly preprocessing: object
  readonly layout: string
}

/** Logits are float32 [classes] in little-endian order, as base64. */
export function * resultLines (evaluated: EvaluatedModel, results: readonly ImageResult[]): Generator<string, void, void> {
  yield `${JSON.stringify(evaluated)}\n`
  for (const result of results) yield `${JSON.stringify(isClassified(result) ? { ...result, logits: encode(result.logits) } : result)}\n`
}

/** Whether a file is of such lines, by how it begins. */
export const isResultLines = (text: string): boolean => /^\{"model":".*","weightsSha256":"[0-9a-f]{64}","preprocessing":\{/.test(text)

function encode (logits: Float32Array): string {
  const bytes = Buffer.alloc(logits.length * Float32Array.BYTES_PER_ELEMENT)
  for (const [i, logit] of logits.entries()) bytes.writeFloatLE(logit, i * Float32Array.BYTES_PER_ELEMENT)
  return bytes.toString('base64')
}
