import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { listImageFiles } from '../evaluation/image-files.ts'
import { UsageError } from './usage-error.ts'

/**
 * The files that were named, and the images in the folders that were named, at any depth, each folder's in the order of their paths.
 * A file that does not exist is left in: it gets its own error.
 *
 * @throws {UsageError} if a folder has no image.
 */
export async function findImages (paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map(async (path) => {
    const isFolder = await stat(path).then((status) => status.isDirectory(), () => false)
    if (!isFolder) return [path]
    const images = await listImageFiles(path, { recursive: true })
    if (images.length === 0) throw new UsageError(`Expected JPEG, PNG or WebP files in ${path}, got none.`)
    return images.map((name) => join(path, name))
  }))
  return found.flat()
}
