import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import envPaths from 'env-paths'
import { modelFiles } from './manifest.ts'
import { ModelError } from './model-error.ts'
import { packageRoot } from '../package-root.ts'

/** The bundled model's name in commands. */
export const bundledModel = 'bundled'

export const bundledModelDirectory = join(packageRoot, 'models/bundled')

/** Directory of the model store. @param modelDir - MODEL_DIR; empty for the user's cache directory. */
export function modelStoreDirectory (modelDir: string): string {
  return modelDir === '' ? join(envPaths('ghostserve', { suffix: '' }).cache, 'models') : resolve(modelDir)
}

/**
 * Finds the directory of a model.
 *
 * @param model - A model directory, the name of a model in the model store, or "bundled" or "" for the bundled one.
 * @throws ModelError if there is none.
 */
export function findModelDirectory (model: string, modelDir: string): string {
  if (model === '' || model === bundledModel) return bundledModelDirectory
  const storeDirectory = modelStoreDirectory(modelDir)
  const found = [resolve(model), join(storeDirectory, model)].find((directory) => existsSync(join(directory, modelFiles.manifest)))
  if (found !== undefined) return found
  throw new ModelError(
    `Expected a model directory or the name of a model in ${storeDirectory}, got ${JSON.stringify(model)}: \`npx ghostserve pull ${model}\` fetches published ones.`)
}
