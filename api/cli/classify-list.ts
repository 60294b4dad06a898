/** Classifies a list of files into a file of JSON lines, in the list's order. What is in that file already is not done again. */
import { open, readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Classifier } from '../classifier.ts'
import { ServiceError, errorCodes, type ErrorCode } from '../errors.ts'
import { classifyFile } from './classify-file.ts'
import { selectShard, type Shard } from './shard.ts'
import { UsageError } from './usage-error.ts'

/** Enough to keep full batches waiting; the rest of the files stays on disk. */
const imagesInFlight = 64

/** Of files that will not be there at a second attempt either. */
const fileErrors = new Set(['ENOENT', 'EISDIR', 'EACCES'])

export interface ListOptions {
  /** A file with a path a line, relative to it. */
  readonly list: string
  readonly shard: Shard
  /** Continued where it ends. */
  readonly out: string
  readonly topK: number
}

interface Counts {
  readonly done: number
  /** By a former process. */
  readonly before: number
}

/**
 * @returns how many files were classified.
 * @throws UsageError if `out` is of another list, or at the first failure that is not the file's: it can be continued then.
 */
export async function classifyList (classifier: Classifier, { list, shard, out, topK }: ListOptions): Promise<Counts> {
  const files = selectShard((await readFile(list, 'utf8')).split(/\r?\n/).filter((line) => line !== ''), shard)
  const output = await open(out, 'a+')
  try {
    const text = await output.readFile('utf8')
    const complete = text.slice(0, text.lastIndexOf('\n') + 1)
    // A process that was killed may have left the beginning of a line.
    await output.truncate(Buffer.byteLength(complete))
    const before = complete.split('\n').slice(0, -1)
    for (const [i, line] of before.entries()) {
      const { file } = JSON.parse(line) as { file: string }
      if (file !== files[i]) throw new UsageError(`Expected line ${i + 1} of ${out} to be of ${files[i] ?? 'no file'}, got ${file}: it is of another list or shard.`)
    }

    const classify = async (file: string): Promise<string> => {
      const outcome = await classifyFile(classifier, resolve(dirname(list), file), topK)
      if ('error' in outcome && !isOfFile(outcome.error.code)) throw new UsageError(`${file} was not classified and can be tried again: ${outcome.error.detail}`)
      return `${JSON.stringify({ file, ...outcome })}\n`
    }
    const todo = files.slice(before.length)
    const pending: Array<Promise<string>> = []
    for (const file of todo) {
      const line = classify(file)
      line.catch(() => {}) // it is awaited in its turn
      pending.push(line)
      if (pending.length >= Math.min(imagesInFlight, classifier.maxQueueSize)) await output.appendFile(await pending.shift()!)
    }
    for (const line of pending) await output.appendFile(await line)
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
