import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Of } from '../../../models/manifest/sha256.ts'

/** Everything in a folder: kind, permissions, time of the last change and content, so that two are equal only if nothing was touched. */
export function snapshot (folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(names.map((name) => {
    const path = join(folder, name)
    const stats = lstatSync(path, { bigint: true })
    // A folder's own time changes with a file that comes and goes, which is no loss; its names are in the snapshot.
    if (stats.isDirectory()) return [name, `folder ${stats.mode}`]
    const content = stats.isSymbolicLink() ? readlinkSync(path) : sha256Of(readFileSync(path))
    return [name, `${stats.mode} ${stats.mtimeNs} ${content}`]
  }))
}
