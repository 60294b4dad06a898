/** A checkpoint -> a model directory that the service can load. */
import { existsSync, renameSync } from 'node:fs'
import { mkdir, readdir, realpath, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { TSchema } from 'typebox'
import { selfTestLogits, compileGraphs, describeNetwork } from './compile-graphs.ts'
import { sha256Of } from './manifest/sha256.ts'
import { withDraft } from './draft.ts'
import { graphIndexFile, graphPath } from './manifest/graph-index.ts'
import { inferNetwork } from './weights/infer-network.ts'
import { readLabels } from './manifest/labels.ts'
import { findMismatch, formatManifest, ManifestSchema, modelFiles, readManifest, type Manifest, type ModelCard } from './manifest/manifest.ts'
import { ModelError } from './manifest/model-error.ts'
import { layouts } from './onnx/layout.ts'
import { PreprocessingSchema, type Preprocessing } from './manifest/preprocessing.ts'
import { recordSelfTest } from './manifest/self-test.ts'
import { toOfficialNames } from './weights/official-names.ts'
import { readCheckpoint, readCheckpointFile } from './weights/read-checkpoint.ts'
import { writeSafetensors } from './weights/safetensors.ts'

export interface BuildOptions {
  readonly checkpointPath: string
  /** The model directory to make. An older model of the same checkpoint is replaced; anything else is left alone. */
  readonly directory: string
  /** Whether a model of another checkpoint, or with a temperature that was fitted to it, is replaced too. */
  readonly isForced?: boolean | undefined
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
  const directory = await realpath(options.directory).catch(() => resolve(options.directory))
  const name = options.name ?? basename(resolve(options.directory))
  checkOption('name', ManifestSchema.properties.name, name)
  checkOption('preprocessing', PreprocessingSchema, options.preprocessing)
  const older = await findOlderModel(directory)
  const checkpoint = await readCheckpointFile(options.checkpointPath)
  const named = toOfficialNames(checkpoint.tensors)
  const network = inferNetwork(named)
  const labels = await readLabels(options.labelsPath)
  if (labels.length !== network.classes) {
    throw new ModelError(`Expected ${network.classes} labels, one per class of the checkpoint, got ${labels.length} in ${options.labelsPath}.`)
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
    selfTest: recordSelfTest(await selfTestLogits(source)),
    provenance: {
      checkpoint: basename(options.checkpointPath),
      checkpointSha256: sha256Of(checkpoint.bytes),
      checkpointFormat: checkpoint.format,
      ...withoutUndefined({ source: publishedAt, license, training }),
    },
    accuracy,
  }

  if (older !== undefined && options.isForced !== true) checkSameModel(older, manifest, directory)
  await mkdir(dirname(directory), { recursive: true })
  await withDraft(dirname(directory), async (draft) => {
    await mkdir(draft)
    await writeFile(join(draft, modelFiles.weights), weightsFile)
    await writeFile(join(draft, modelFiles.labels), formatLines(labels))
    await writeFile(join(draft, modelFiles.manifest), formatManifest(manifest))
    await compileGraphs(draft)
    replaceDirectory(directory, draft)
  })
  return manifest
}

/** Replaces an older model, which is removed only once the new one is in its place. No signal comes between. */
function replaceDirectory (directory: string, draft: string): void {
  if (!existsSync(directory)) return renameSync(draft, directory)
  const older = `${draft}.old`
  renameSync(directory, older)
  try {
    renameSync(draft, directory)
  } catch (error) {
    renameSync(older, directory)
    throw error
  }
  renameSync(older, draft) // removed like a draft
}

/**
 * Reads the model that would be replaced.
 *
 * @throws ModelError if something other than a model made by `build` is there, or is in its directory.
 */
export async function findOlderModel (directory: string): Promise<Manifest | undefined> {
  const stats = await stat(directory).catch(() => undefined)
  if (stats === undefined) return undefined
  const files = stats.isDirectory() ? await readdir(directory) : ['a file']
  if (files.length === 0) return undefined
  const foreign = files.find((file) => !knownFiles.has(file)) ?? await findForeignGraph(join(directory, modelFiles.graphs))
  const manifest = foreign === undefined ? await readManifest(directory).catch(() => undefined) : undefined
  if (manifest !== undefined) return manifest
  throw new ModelError(`Expected ${directory} to be new or a model that was built, but ${foreign ?? 'something else'} is there.`)
}

const knownFiles = new Set<string>(Object.values(modelFiles))
const knownGraphs = new Set([graphIndexFile, ...layouts.map((layout) => basename(graphPath('', layout)))])

async function findForeignGraph (graphs: string): Promise<string | undefined> {
  const files = await readdir(graphs).catch(() => [])
  return files.find((file) => !knownGraphs.has(file))
}

/** Checks that nothing is lost: what cannot be built again is not replaced without `--force`. */
function checkSameModel (older: Manifest, manifest: Manifest, directory: string): void {
  const print = ({ name, provenance: { checkpoint, checkpointSha256 } }: Manifest): string => `${name}, built from ${checkpoint} (sha256 ${checkpointSha256.slice(0, 12)})`
  if (older.provenance.checkpointSha256 !== manifest.provenance.checkpointSha256) {
    throw new ModelError(`Expected ${directory} to be new or ${print(manifest)}, but ${print(older)} is there: --force replaces it.`)
  }
  if (older.temperature !== undefined) {
    throw new ModelError(`Expected ${directory} to be new, but the model there has a temperature that was fitted to it, ${older.temperature}: --force replaces it.`)
  }
}

function checkOption (what: string, schema: TSchema, value: unknown): void {
  const mismatch = findMismatch(schema, value)
  if (mismatch !== undefined) throw new ModelError(`Expected a valid ${what}: ${mismatch}, got ${JSON.stringify(value)}.`)
}

/** Removes undefined members: JSON has no undefined, and neither has a manifest. */
function withoutUndefined (record: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** JSON with one item per line, so that a change of one label is a change of one line. */
function formatLines (items: readonly unknown[]): string {
  return `[\n${items.map((item) => `  ${JSON.stringify(item)}`).join(',\n')}\n]\n`
}
