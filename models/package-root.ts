import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

function findPackageRoot (directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory
  const parent = dirname(directory)
  if (parent === directory) throw new Error('No package.json above the sources: the installation is incomplete.')
  return findPackageRoot(parent)
}

/** Absolute path of the package, the same whether the sources or their build in `dist/` are running. */
export const packageRoot = findPackageRoot(dirname(fileURLToPath(import.meta.url)))

export const packageVersion = (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version
