/** What became of one image file: its labels, or why it has none. */
import { readFile } from 'node:fs/promises'
import type { Classifier } from '../classifier.ts'
import { ServiceError } from '../errors.ts'
import type { Prediction } from '../pipeline/postprocess.ts'

export type Outcome = { predictions: Prediction[] } | { error: { code: string, detail: string } }

/** @throws Error without a code, which is a bug. */
export async function classifyFile (classifier: Classifier, path: string, topK: number): Promise<Outcome> {
  try {
    const { results: [result] } = await classifier.classify([await readFile(path)], topK, new AbortController().signal)
    return result instanceof ServiceError ? { error: { code: result.code, detail: result.message } } : { predictions: result! }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return { error: { code, detail: message } }
  }
}
