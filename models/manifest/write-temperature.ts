import { join } from 'node:path'
import { replaceFile } from '../draft.ts'
import { formatManifest, modelFiles, readManifest } from './manifest.ts'

/**
 * Puts another temperature into the manifest of a model directory. Its weights, its version and its logits stay as they are.
 *
 * @param temperature - Within the bounds of the manifest's schema.
 */
export async function writeTemperature (directory: string, temperature: number): Promise<void> {
  await replaceFile(join(directory, modelFiles.manifest), formatManifest({ ...await readManifest(directory), temperature }))
}
