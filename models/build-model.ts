/** A checkpoint -> a model directory that the service can load. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { TSchema } from 'typebox'
import { answerSelfTest, compileGraphs, describeNetwork } from './compile-graphs.ts'
import { sha256Of } from './digests.ts'
import { inferNetwork } from './infer-network.ts'
import { readLabels } from './labels.ts'
import { findMismatch, formatManifest, ManifestSchema, modelFiles, readManifest, type Manifest, type ModelCard } from './manifest.ts'
import { ModelError } from './model-error.ts'
import { PreprocessingSchema, type Preprocessing } from './preprocessing.ts'
import { recordSelfTest } from './self-test.ts'
import { toOfficialNames } from './weights/official-names.ts'
import { readCheckpoint, readCheckpointFile } from './weights/read-checkpoint.ts'
import { writeSafetensors } from './weights/safetensors.ts'

export interface BuildOptions {
  readonly checkpointPath: string
  /** The model directory to make. An older model there is replaced; anything else is left alone. */
  readonly directory: string
  readonly labelsPath: string
  readonly preprocessing: Preprocessing
  /** @defaultValue the directory's name */
  readonly name?: string | undefined
  /** How the weights are stored. float16 halves the file and rounds each weight to 11 bits. */
  readonly dtype: 'float32' | 'float16'
  readonly card?: ModelCard | undefined
}

/**
 * Compiles a checkpoint into a model directory, which appears complete or not at all.
 *
 * @throws CheckpointError if the checkpoint is not a GhostNet that can be read.
 * @throws ModelError if the labels do not fit, or the directory is taken by something else.
 */
export async function buildModel (options: BuildOptions): Promise<Manifest> {
  const directory = resolve(options.directory)
  const name = options.name ?? basename(directory)
  checkOption('name', ManifestSchema.properties.name, name)
  checkOption('preprocessing', PreprocessingSchema, options.preprocessing)
  await checkReplaceable(directory)
  const checkpoint = await readCheckpointFile(options.checkpointPath)
  const named = toOfficialNames(checkpoint.tensors)
  const network = inferNetwork(named)
  const labels = await readLabels(options.labelsPath)
  if (labels.length !== network.classes) {
    throw new ModelError(`Expected ${network.classes} labels, one a class of the checkpoint, got ${labels.length} in ${options.labelsPath}.`)
  }

  const weightsFile = writeSafetensors(named, options.dtype, { format: 'pt' })
  const { tensors: weights } = await readCheckpoint(weightsFile) // as rounded to the stored dtype
  const source = { weights, network, cropSize: options.preprocessing.cropSize, normalisation: options.preprocessing }
  const { description, provenance: { source: publishedAt, license, training } = {}, accuracy = [] } = options.card ?? {}
  const manifest: Manifest = {
    name,
    ...withoutUndefined({ description }),
    ...describeNetwork(source),
    preprocessing: options.preprocessing,
    weights: { dtype: options.dtype, sha256: sha256Of(weightsFile) },
    selfTest: recordSelfTest(await answerSelfTest(source)),
    provenance: {
      checkpoint: basename(options.checkpointPath),
      checkpointSha256: sha256Of(checkpoint.bytes),
      checkpointFormat: checkpoint.format,
      ...withoutUndefined({ source: publishedAt, license, training }),
    },
    accuracy,
  }

  const unfinished = join(dirname(directory), `.${basename(directory)}.${process.pid}`)
  try {
    await mkdir(unfinished, { recursive: true })
    await writeFile(join(unfinished, modelFiles.weights), weightsFile)
    await writeFile(join(unfinished, modelFiles.labels), formatLines(labels))
    await writeFile(join(unfinished, modelFiles.manifest), formatManifest(manifest))
    await compileGraphs(unfinished)
    await replaceDirectory(directory, unfinished)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  return manifest
}

/** An older model goes only once the new one is in its place. */
async function replaceDirectory (directory: string, replacement: string): Promise<void> {
  const older = `${replacement}.old`
  const hasOlder = existsSync(directory)
  if (hasOlder) await rename(directory, older)
  try {
    await rename(replacement, directory)
  } catch (error) {
    if (hasOlder) await rename(older, directory)
    throw error
  }
  await rm(older, { recursive: true, force: true })
}

/** Only a model that `build` made is replaced, and nothing else is in its directory. */
async function checkReplaceable (directory: string): Promise<void> {
  if (!existsSync(directory)) return
  const known = new Set<string>(Object.values(modelFiles))
  const foreign = (await readdir(directory)).find((file) => !known.has(file))
  if (foreign === undefined && await readManifest(directory).then(() => true, () => false)) return
  throw new ModelError(`Expected ${directory} to be new or a model that was built, but ${foreign ?? 'something else'} is there.`)
}

function checkOption (what: string, schema: TSchema, value: unknown): void {
  const mismatch = findMismatch(schema, value)
  if (mismatch !== undefined) throw new ModelError(`Expected a valid ${what}: ${mismatch}, got ${JSON.stringify(value)}.`)
}

/** JSON has no undefined; neither has a manifest. */
function withoutUndefined (record: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** JSON with an item a line, so that a change of one label is a change of one line. */
function formatLines (items: readonly unknown[]): string {
  return `[\n${items.map((item) => `  ${JSON.stringify(item)}`).join(',\n')}\n]\n`
}
