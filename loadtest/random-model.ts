/** Models of 1000 classes to load: their weights are drawn from a seed, since speed does not depend on them. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sha256Of } from '../models/manifest/sha256.ts'
import { expectedTensors } from '../models/ghostnet.ts'
import { packageRoot } from '../models/package-root.ts'
import { readCheckpoint } from '../models/weights/read-checkpoint.ts'
import { writeSafetensors } from '../models/weights/safetensors.ts'
import { generateStateDict } from '../test/golden/generated-weights.ts'
import { cachedDirectory } from './lab-cache.ts'

/** Width multipliers of the variants that MindCV and timm report on. */
export const randomModels = { ghostnet_050: 0.5, ghostnet_100: 1, ghostnet_130: 1.3 } as const

export type RandomModel = keyof typeof randomModels

export const isRandomModel = (name: string): name is RandomModel => Object.hasOwn(randomModels, name)

/**
 * The model directory of a variant, built at the first call by the checkout's own `ghostserve build`: `graphs/plain.onnx` in it is for
 * other servers.
 *
 * @param root - Root of the checkout.
 * @returns Its path, which changes with the compiler's sources: two commits share one only if they make the same graphs.
 */
export async function makeRandomModel (name: RandomModel, root: string = packageRoot): Promise<string> {
  const statisticsBytes = readFileSync(join(packageRoot, 'test/golden/bn-statistics.safetensors'))
  const digest = sha256Of(Buffer.from(JSON.stringify([sha256Of(statisticsBytes), ...listCompiler(root)]))).slice(0, 16)
  const parent = await cachedDirectory(`${name}-${digest}`, async (parent) => {
    const { tensors: statistics } = await readCheckpoint(statisticsBytes)
    const weights = generateStateDict(expectedTensors({ width: randomModels[name], classes: 1000 }), statistics, name)
    const work = await mkdtemp(join(tmpdir(), 'ghostserve-weights-'))
    try {
      const checkpoint = join(work, 'random.safetensors')
      await writeFile(checkpoint, writeSafetensors(weights, 'float32', { format: 'pt' }))
      const command = [join(root, 'api/bootstrap.cjs'), 'build', checkpoint, '--name', name, '--out', join(parent, name)]
      await promisify(execFile)(process.execPath, command, { cwd: root })
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
  return join(parent, name)
}

/** Digests of the sources that turn weights into graphs. */
function listCompiler (root: string): string[] {
  const compiler = join(root, 'models')
  return readdirSync(compiler, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => `${path} ${sha256Of(readFileSync(join(compiler, path)))}`)
}
