/** Classifies a list of files into a file of JSON lines, in the list's order; files that are already in it are skipped. */
import type { Classifier } from '../../engine/classifier.ts'
import { ServiceError, errorCodes, type ErrorCode } from '../../errors.ts'
import { mapInOrder } from '../map-in-order.ts'
import type { Selection } from '../../engine/postprocess.ts'
import { classifiedLines, describeMaker, type ClassifiedLine } from './classified-lines.ts'
import { classifyFile, filesInFlight, type Outcome } from './classify-file.ts'
import type { ImageFile } from './image-list.ts'
import { JsonLinesFile } from '../json-lines-file.ts'
import { progressBar } from '../progress.ts'
import { TryAgainError } from '../usage-error.ts'

/** Codes of files that a second attempt will not find either. */
const fileErrors = new Set(['ENOENT', 'EISDIR', 'EACCES', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'])

export interface ListOptions {
  readonly files: readonly ImageFile[]
  /** Path of the output, continued where it ends. */
  readonly out: string
  readonly selection: Selection
  /** Whether the first file without labels ends it. */
  readonly isStrict: boolean
}

export interface Counts {
  readonly labelled: number
  /** Number of files without labels, by the code of their error. */
  readonly failed: ReadonlyMap<string, number>
  /** Files that earlier processes have done, with and without labels. */
  readonly before: number
  /** Whether any file of the whole list has labels. */
  readonly isAnyLabelled: boolean
}

/**
 * Classifies the files that are not in `out` yet.
 *
 * @throws UsageError if `out` was not made by the same model and options from the same list; ServiceError or a system error at the
 * first failure that is not the file's: the command can be repeated then.
 */
export async function classifyList (classifier: Classifier, { files, out, selection, isStrict }: ListOptions): Promise<Counts> {
  const maker = describeMaker(classifier.model, selection)
  const check = (file: string, outcome: Outcome): void => {
    if (!('error' in outcome) || (!isStrict && isFileFault(outcome.error.code))) return
    throw new TryAgainError(`${file} was not classified and can be tried again: ${outcome.error.detail}`)
  }
  let before = 0
  let labelledBefore = 0
  const output = await JsonLinesFile.open(out, classifiedLines(files, maker, out, (line) => {
    if (isStrict) check(line.file, line)
    before++
    if (!('error' in line)) labelledBefore++
  }))
  const todo = files.slice(before)
  let labelled = 0
  const failed = new Map<string, number>()
  const bar = progressBar('images')
  bar.start(todo.length, 0)
  try {
    const classify = async ({ file, path }: ImageFile): Promise<ClassifiedLine> => {
      const outcome = await classifyFile(classifier, path, selection)
      check(file, outcome)
      return { file, ...maker, ...outcome }
    }
    for await (const line of mapInOrder(todo, filesInFlight(classifier), classify)) {
      await output.append(line)
      if ('error' in line) failed.set(line.error.code, (failed.get(line.error.code) ?? 0) + 1)
      else labelled++
      bar.increment()
    }
    await output.finish()
  } finally {
    bar.stop()
    await output.close()
  }
  return { labelled, failed, before, isAnyLabelled: labelled + labelledBefore > 0 }
}

/** Whether the file is at fault, and not the machine at this moment. */
function isFileFault (code: string): boolean {
  if ((errorCodes as readonly string[]).includes(code)) return new ServiceError(code as ErrorCode, '').statusCode < 500
  return fileErrors.has(code)
}
