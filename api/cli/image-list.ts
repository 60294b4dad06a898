/** A list of image files, a path a line. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { selectShard, type Shard } from './shard.ts'
import { standardInput } from './standard-input.ts'

export interface ImageFile {
  /** As it was named. */
  readonly file: string
  readonly path: string
}

/** @param list - A file, to which its paths are relative, or "-": standard input, whose paths are relative to the working directory. */
export async function readImageList (list: string, shard: Shard): Promise<ImageFile[]> {
  const [lines, folder] = list === standardInput ? [await text(process.stdin), '.'] : [await readFile(list, 'utf8'), dirname(list)]
  const files = lines.split(/\r?\n/).filter((line) => line !== '')
  return selectShard(files, shard).map((file) => ({ file, path: resolve(folder, file) }))
}
