/** What a folder's kustomization takes together, without kustomize: its documents as they are written, before patches. */
import { join } from 'node:path'
import { listInfraFiles, parseInfraFile } from './infra-files.ts'
import type { Manifest } from './workload.ts'

export interface Kustomization {
  readonly namespace?: string
  readonly resources?: readonly string[]
  readonly components?: readonly string[]
  readonly patches?: ReadonlyArray<{ readonly path?: string }>
}

/** @param folder - In infra/, with a kustomization.yaml. */
export function collectDocuments (folder: string): Manifest[] {
  const { resources = [], components = [] } = parseInfraFile<Kustomization>(join(folder, 'kustomization.yaml'))
  return [...resources, ...components].map((path) => join(folder, path))
    .flatMap((path) => path.endsWith('.yaml') ? [parseInfraFile<Manifest>(path)] : collectDocuments(path))
}

/** Folders in infra/ with a kustomization.yaml. */
export function listKustomizations (): string[] {
  return listInfraFiles().flatMap((path) => /^(.+)\/kustomization\.yaml$/.exec(path)?.[1] ?? [])
}
