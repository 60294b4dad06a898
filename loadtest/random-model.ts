/** Models of 1000 classes to load: their weights are drawn from a seed, since speed does not depend on them. */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildModel } from '../models/build-model.ts'
import { sha256Of } from '../models/digests.ts'
import { expectedTensors } from '../models/ghostnet.ts'
import { imagenetLabelsPath } from '../models/labels.ts'
import { packageRoot } from '../models/package-root.ts'
import { preprocessingPresets } from '../models/preprocessing.ts'
import { readCheckpoint } from '../models/weights/read-checkpoint.ts'
import { writeSafetensors } from '../models/weights/safetensors.ts'
import { generateStateDict } from '../test/golden/generated-weights.ts'
import { cachedDirectory } from './lab-cache.ts'

/** Width multipliers of the variants that MindCV and timm report on. */
export const randomModels = { ghostnet_050: 0.5, ghostnet_100: 1, ghostnet_130: 1.3 } as const

export type RandomModel = keyof typeof randomModels

export const isRandomModel = (name: string): name is RandomModel => Object.hasOwn(randomModels, name)

/**
 * The model directory of a variant, built at the first call: `graphs/plain.onnx` in it is for other servers.
 *
 * @returns Its path, which changes with the compiler: two commits never share one.
 */
export async function makeRandomModel (name: RandomModel): Promise<string> {
  const statisticsBytes = readFileSync(join(packageRoot, 'test/golden/bn-statistics.safetensors'))
  const digest = sha256Of(Buffer.from(JSON.stringify([sha256Of(statisticsBytes), ...listCompiler()]))).slice(0, 16)
  const parent = await cachedDirectory(`${name}-${digest}`, async (parent) => {
    const directory = join(parent, name)
    const { tensors: statistics } = await readCheckpoint(statisticsBytes)
    const weights = generateStateDict(expectedTensors({ width: randomModels[name], classes: 1000 }), statistics, name)
    const work = await mkdtemp(join(tmpdir(), 'ghostserve-weights-'))
    try {
      const checkpointPath = join(work, 'random.safetensors')
      await writeFile(checkpointPath, writeSafetensors(weights, 'float32', { format: 'pt' }))
      await buildModel({ checkpointPath, directory, labelsPath: imagenetLabelsPath, preprocessing: preprocessingPresets.imagenet, name, dtype: 'float32' })
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
  return join(parent, name)
}

/** Digests of all that turns weights into graphs, as built. */
function listCompiler (): string[] {
  const compiler = join(packageRoot, 'dist/models')
  return readdirSync(compiler, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js'))
    .sort()
    .map((path) => `${path} ${sha256Of(readFileSync(join(compiler, path)))}`)
}
