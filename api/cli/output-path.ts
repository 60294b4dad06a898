/** Output paths of a command, checked before its work, so that nothing is lost and no work is in vain. */
import { constants, type Stats } from 'node:fs'
import { access, lstat, open, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { replaceFile } from '../../models/draft.ts'
import { explainOutputError } from './output-error.ts'
import { UsageError } from './usage-error.ts'

/** A kind of file that a command makes and may replace. */
export interface OutputKind {
  readonly what: string
  /** Whether a file is of this kind, by its beginning. */
  readonly isOne: (beginning: string) => boolean
}

/** Bytes that identify a file's kind. */
const beginningBytes = 4096

/**
 * Checks the path of an output file.
 *
 * @param isForced - Whether a file of any kind may be replaced.
 * @returns A function that writes the file, whole or not at all.
 * @throws UsageError if it cannot be written, or another file is there.
 */
export async function claimOutputFile (
  path: string, { what, isOne }: OutputKind, isForced = false
): Promise<(contents: string | Iterable<string>) => Promise<void>> {
  const target = await findOutputFile(path)
  if (target.isThere && !isForced && !isOne(await naming(path, async () => await readBeginning(target.path)))) {
    throw new UsageError(`Expected ${path} to be new or ${what}, but another file is there, which is left as it is.`)
  }
  return async (contents) => await naming(path, async () => await replaceFile(target.path, contents))
}

export interface OutputFile {
  /** The path behind links. */
  readonly path: string
  readonly isThere: boolean
}

/** Checks that a file can be written. @throws UsageError if something other than a file is there, or none can be made. */
export async function findOutputFile (path: string): Promise<OutputFile> {
  return await naming(path, async () => {
    const stats = await statOutput(path)
    if (stats === undefined) {
      if (path.endsWith(sep)) throw new UsageError(`Expected the path of a file, got that of a folder, ${path}.`)
      const folder = await realpath(dirname(path))
      await access(`${folder}${sep}`, constants.W_OK)
      return { path: join(folder, basename(path)), isThere: false }
    }
    if (!stats.isFile()) throw new UsageError(`Expected ${path} to be new or a file, but it is ${stats.isDirectory() ? 'a directory' : 'a device or a pipe'}.`)
    const target = await realpath(path)
    await access(target, constants.R_OK | constants.W_OK)
    return { path: target, isThere: true }
  })
}

/**
 * Checks that a folder can be written or made.
 *
 * @returns The folder behind links.
 * @throws UsageError if it is not a folder that can be written, and none can be made.
 */
export async function findOutputFolder (path: string): Promise<string> {
  return await naming(path, async () => {
    const stats = await statOutput(path)
    if (stats === undefined) return join(await findOutputFolder(dirname(resolve(path))), basename(resolve(path)))
    if (!stats.isDirectory()) throw new UsageError(`Expected ${path} to be new or a folder, but it is something else.`)
    await access(path, constants.W_OK)
    return await realpath(path)
  })
}

/** Status of a path; undefined if nothing is there. */
async function statOutput (path: string): Promise<Stats | undefined> {
  return await stat(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    const isLink = await lstat(path).then(() => true, () => false)
    if (isLink) throw new UsageError(`Expected ${path} to be new or a file, but it is a link to nothing.`)
    return undefined
  })
}

async function readBeginning (path: string): Promise<string> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(beginningBytes) })
  return buffer.toString('utf8', 0, bytesRead)
}

async function naming<Result> (path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw explainOutputError(error, path)
  }
}
