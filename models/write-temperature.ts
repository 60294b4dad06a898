import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatManifest, modelFiles, readManifest } from './manifest.ts'

/**
 * Puts another temperature into the manifest of a model directory. Its weights, its version and its logits stay as they are.
 *
 * @param temperature - Within the bounds of the manifest's schema.
 */
export async function writeTemperature (directory: string, temperature: number): Promise<void> {
  const path = join(directory, modelFiles.manifest)
  const unfinished = `${path}.${process.pid}`
  await writeFile(unfinished, formatManifest({ ...await readManifest(directory), temperature }))
  await rename(unfinished, path)
}
