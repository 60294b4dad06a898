import { stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { listImageFiles } from '../evaluate/image-files.ts'
import { UsageError } from '../usage-error.ts'

/**
 * Finds the named files, the images in the named folders at any depth, and the files that match patterns which no shell expanded,
 * such as `'photos/2026-*.jpg'`. Those of a folder or pattern are in the order of their paths. A missing file is kept and gets its
 * own error, as is "-", standard input.
 *
 * @throws {UsageError} if a folder has no image, or a pattern no match.
 */
export async function findImages (paths: readonly string[]): Promise<string[]> {
  return (await Promise.all(paths.map(filesOf))).flat()
}

async function filesOf (path: string): Promise<string[]> {
  const status = await stat(path).catch(() => undefined)
  if (status?.isDirectory()) {
    const images = await listImageFiles(path, { recursive: true })
    if (images.length === 0) throw new UsageError(`Expected JPEG, PNG or WebP files in ${path}, got none.`)
    return images.map((name) => join(path, name))
  }
  if (status !== undefined || !isDynamicPattern(path)) return [path] // a name may have brackets in it
  const matches = await glob(path, { absolute: isAbsolute(path), expandDirectories: false })
  if (matches.length === 0) throw new UsageError(`Expected files that match ${JSON.stringify(path)}, got none.`)
  return matches.sort()
}
