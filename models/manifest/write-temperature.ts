import { join } from 'node:path'
import { replaceFile } from '../draft.ts'
import { formatManifest, modelFiles, readManifest } from './manifest.ts'

/**
 * Writes another temperature to the manifest of a model directory. Its weights, version and logits stay as they are.
 *
 * @param temperature - Within the bounds of the manifest's schema.
 */
export async function writeTemperature (directory: string, temperature: number): Promise<void> {
  await replaceFile(join(directory, modelFiles.manifest), formatManifest({ ...await readManifest(directory), temperature }))
}
