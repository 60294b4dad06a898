/** Classifies a list of files into a file of JSON lines, in the list's order. What is in that file already is not done again. */
import { open } from 'node:fs/promises'
import type { Classifier } from '../classifier.ts'
import { ServiceError, errorCodes, type ErrorCode } from '../errors.ts'
import { mapInOrder } from '../map-in-order.ts'
import type { Selection } from '../schemas/classification.ts'
import { classifyFile, filesInWork } from './classify-file.ts'
import type { ImageFile } from './image-list.ts'
import { progressBar } from './progress.ts'
import { TryAgainError, UsageError } from './usage-error.ts'

/** Of files that will not be there at a second attempt either. */
const fileErrors = new Set(['ENOENT', 'EISDIR', 'EACCES'])

export interface ListOptions {
  readonly files: readonly ImageFile[]
  /** Continued where it ends. */
  readonly out: string
  readonly selection: Selection
}

interface Counts {
  readonly done: number
  /** By a former process. */
  readonly before: number
}

/**
 * @returns how many files were classified.
 * @throws UsageError if `out` is of another list; ServiceError or a system's error at the first failure that is not the file's: it can be
 * continued then.
 */
export async function classifyList (classifier: Classifier, { files, out, selection }: ListOptions): Promise<Counts> {
  const output = await open(out, 'a+')
  try {
    const text = await output.readFile('utf8')
    const complete = text.slice(0, text.lastIndexOf('\n') + 1)
    // A process that was killed may have left the beginning of a line.
    await output.truncate(Buffer.byteLength(complete))
    const before = complete.split('\n').slice(0, -1)
    for (const [i, line] of before.entries()) {
      const { file } = JSON.parse(line) as { file: string }
      if (file !== files[i]?.file) throw new UsageError(`Expected line ${i + 1} of ${out} to be of ${files[i]?.file ?? 'no file'}, got ${file}: it is of another list or shard.`)
    }

    const classify = async ({ file, path }: ImageFile): Promise<string> => {
      const outcome = await classifyFile(classifier, path, selection)
      if ('error' in outcome && !isOfFile(outcome.error.code)) throw new TryAgainError(`${file} was not classified and can be tried again: ${outcome.error.detail}`)
      return `${JSON.stringify({ file, ...outcome })}\n`
    }
    const todo = files.slice(before.length)
    const bar = progressBar('images')
    bar.start(todo.length, 0)
    try {
      for await (const line of mapInOrder(todo, filesInWork(classifier), classify)) {
        await output.appendFile(line)
        bar.increment()
      }
    } finally {
      bar.stop()
    }
    await output.sync()
    return { done: todo.length, before: before.length }
  } finally {
    await output.close()
  }
}

/** Whether the file is at fault, and not the machine at this moment. */
function isOfFile (code: string): boolean {
  if ((errorCodes as readonly string[]).includes(code)) return new ServiceError(code as ErrorCode, '').statusCode < 500
  return fileErrors.has(code)
}
