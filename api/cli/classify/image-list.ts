/** A list of image files, a path a line. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { selectShard, type Shard } from './shard.ts'
import { standardInput } from '../standard-input.ts'
import { UsageError } from '../usage-error.ts'

export interface ImageFile {
  /** As it was named. */
  readonly file: string
  readonly path: string
}

/**
 * @param list - A file, to which its paths are relative, or "-": standard input, whose paths are relative to the working directory.
 * @throws UsageError if it is no text.
 */
export async function readImageList (list: string, shard: Shard): Promise<ImageFile[]> {
  const bytes = list === standardInput ? await buffer(process.stdin) : await readFile(list)
  const files = readText(bytes, list).split(/\r?\n/).filter((line) => line !== '')
  const folder = listFolder(list)
  return selectShard(files, shard).map((file) => ({ file, path: resolve(folder, file) }))
}

/** To which the paths of a list are relative. */
export const listFolder = (list: string): string => list === standardInput ? '.' : dirname(list)

function readText (bytes: Buffer, list: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {}
  throw new UsageError(`Expected a list of paths, a line each, in UTF-8, but ${list === standardInput ? 'standard input' : list} is no such text: an image is classified without --list.`)
}
