/** The files of infra/, as text and parsed. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { packageRoot } from '../../models/package-root.ts'

export const infraFolder = join(packageRoot, 'infra')

/** Paths in infra/, of all files. */
export function listInfraFiles (): string[] {
  return readdirSync(infraFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(infraFolder.length + 1))
    .sort()
}

export function readInfraFile (path: string): string {
  return readFileSync(join(infraFolder, path), 'utf8')
}

export function parseInfraFile<Document> (path: string): Document {
  return parse(readInfraFile(path)) as Document
}
