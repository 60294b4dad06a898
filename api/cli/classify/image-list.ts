/** A list of image files, one path per line. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { selectShard, type Shard } from './shard.ts'
import { standardInput } from '../standard-input.ts'
import { UsageError } from '../usage-error.ts'

export interface ImageFile {
  /** Path as named in the list. */
  readonly file: string
  readonly path: string
}

/**
 * Reads a list.
 *
 * @param list - A file, to which its paths are relative, or "-": standard input, with paths relative to the working directory.
 * @throws UsageError if it is not text.
 */
export async function readImageList (list: string, shard: Shard): Promise<ImageFile[]> {
  const bytes = list === standardInput ? await buffer(process.stdin) : await readFile(list)
  const files = readText(bytes, list).split(/\r?\n/).filter((line) => line !== '')
  const folder = listFolder(list)
  return selectShard(files, shard).map((file) => ({ file, path: resolve(folder, file) }))
}

/** Folder to which the paths of a list are relative. */
export const listFolder = (list: string): string => list === standardInput ? '.' : dirname(list)

function readText (bytes: Buffer, list: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {}
  throw new UsageError(`Expected a list of paths, one per line, in UTF-8, but ${list === standardInput ? 'standard input' : list} is not: an image is classified without --list.`)
}
