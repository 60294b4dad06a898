/** Which library keeps another from being loaded, found as the loader of Linux would look for it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { readSharedLibrary } from './shared-library.ts'

const defaultDirectories = ['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib/aarch64-linux-gnu', '/usr/lib/aarch64-linux-gnu',
  '/lib64', '/usr/lib64', '/lib', '/usr/lib', '/usr/local/lib']

/** Directories of `LD_LIBRARY_PATH`, then those of the system. */
export function librarySearchPath ({ LD_LIBRARY_PATH: given = '' }: NodeJS.ProcessEnv = process.env): string[] {
  return [...given.split(':').filter((directory) => directory !== ''), ...readLoaderConfiguration('/etc/ld.so.conf'), ...defaultDirectories]
}

/** Where the loader would find a library; undefined where it would not. */
export function findLibrary (name: string, directories: readonly string[]): string | undefined {
  return directories.map((directory) => join(directory, name)).find((path) => existsSync(path))
}

/** The first library that cannot be found, of those that `path` needs and those that they need in turn. */
export function findMissingLibrary (path: string, searchPath: readonly string[], seen: Set<string> = new Set()): string | undefined {
  const { needed, runPath } = readSharedLibrary(path)
  const directories = [...runPath.map((directory) => directory.replace(/\$(ORIGIN|\{ORIGIN\})/, dirname(path))), ...searchPath]
  for (const name of needed) {
    if (seen.has(name)) continue
    seen.add(name)
    const found = findLibrary(name, directories)
    if (found === undefined) return name
    const missing = findMissingLibrary(found, searchPath, seen)
    if (missing !== undefined) return missing
  }
  return undefined
}

const include = /^include\s+(.*)\/\*\.conf$/

function readLoaderConfiguration (path: string): string[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').split('\n').map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '').flatMap((line) => {
    const folder = include.exec(line)?.[1]
    if (folder === undefined) return line.startsWith('/') ? [line] : []
    const absolute = resolve(dirname(path), folder)
    if (!existsSync(absolute)) return []
    return readdirSync(absolute).filter((file) => file.endsWith('.conf')).sort().flatMap((file) => readLoaderConfiguration(join(absolute, file)))
  })
}
