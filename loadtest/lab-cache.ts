/** Cache of what the lab makes once: k6, photos, models. The service never reads it. */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import envPaths from 'env-paths'

export const labCache = join(envPaths('ghostserve', { suffix: '' }).cache, 'loadtest')

/**
 * The directory `name` of the cache, filled by `fill` unless it is there. It appears complete or not at all.
 *
 * @param name - Must hold a digest or version of everything that decides the content.
 */
export async function cachedDirectory (name: string, fill: (directory: string) => Promise<void>, cache = labCache): Promise<string> {
  const directory = join(cache, name)
  if (existsSync(directory)) return directory
  const unfinished = `${directory}.${process.pid}`
  try {
    await mkdir(dirname(directory), { recursive: true })
    await rm(unfinished, { recursive: true, force: true })
    await mkdir(unfinished)
    await fill(unfinished)
    await rename(unfinished, directory).catch((error: unknown) => {
      if (!existsSync(directory)) throw error // else another process was faster, with the same content
    })
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  return directory
}
