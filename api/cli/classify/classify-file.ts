/** The outcome of one image file: its labels, or its error. */
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import type { Classifier } from '../../engine/classifier.ts'
import { ServiceError } from '../../errors.ts'
import type { Prediction } from '../../engine/postprocess.ts'
import type { Selection } from '../../engine/postprocess.ts'
import { explainFileError } from '../explain-file-error.ts'
import { standardInput } from '../standard-input.ts'

/** Outcome; `noneOfThese`: no score reaches the requested minimum. */
export type Outcome = { predictions: Prediction[], noneOfThese?: boolean } | { error: { code: string, detail: string } }

/** Files in flight: enough to keep full batches waiting; the rest of the files stays on disk. */
export const filesInFlight = ({ maxQueueSize }: Pick<Classifier, 'maxQueueSize'>): number => Math.min(64, maxQueueSize)

/**
 * Classifies an image file.
 *
 * @param path - Path of the file, or "-" for the bytes of one encoded image on standard input.
 * @throws Error without a code, which is a bug.
 */
export async function classifyFile (classifier: Classifier, path: string, selection: Selection): Promise<Outcome> {
  try {
    const bytes = path === standardInput ? await buffer(process.stdin) : await readFile(path)
    const { results: [result] } = await classifier.classify([bytes], selection, new AbortController().signal)
    if (result instanceof ServiceError) return { error: { code: result.code, detail: result.message } }
    return { predictions: result!, ...(selection.minScore !== undefined && { noneOfThese: result!.length === 0 }) }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return { error: { code, detail: explainFileError(error) ?? message } }
  }
}
