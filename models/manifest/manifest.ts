/** A model directory: its files, and the manifest that describes the model to the service and to people. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type, type Static, type TSchema } from 'typebox'
import { Check, Errors } from 'typebox/value'
import { readLabels, type Label } from './labels.ts'
import { ModelError } from './model-error.ts'
import { PreprocessingSchema } from './preprocessing.ts'
import { SelfTestSchema } from './self-test.ts'
import { TemperatureSchema } from './temperature.ts'

export const modelFiles = {
  manifest: 'manifest.json',
  labels: 'labels.json',
  weights: 'model.safetensors',
  graphs: 'graphs',
} as const

const AccuracySchema = Type.Array(Type.Object({
  dataset: Type.String(),
  top1: Type.Number({ minimum: 0, maximum: 100, description: 'Percent.' }),
  top5: Type.Number({ minimum: 0, maximum: 100, description: 'Percent.' }),
  measuredBy: Type.String(),
}, { additionalProperties: false }))

const OriginSchema = Type.Object({
  source: Type.Optional(Type.String({ description: 'Address where the checkpoint was published.' })),
  license: Type.Optional(Type.String()),
  training: Type.Optional(Type.String({ description: 'How the weights were trained.' })),
})

/** Facts about a model besides its weights; other keys are ignored, so that a manifest can serve as a card. */
export const ModelCardSchema = Type.Object({
  description: Type.Optional(Type.String({ description: 'What the model is, and what it is not.' })),
  provenance: Type.Optional(OriginSchema),
  accuracy: Type.Optional(AccuracySchema),
  preprocessing: Type.Optional(PreprocessingSchema),
})

export type ModelCard = Static<typeof ModelCardSchema>

const Sha256Schema = Type.String({ pattern: '^[0-9a-f]{64}$' })

export const ManifestSchema = Type.Object({
  name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$', description: 'Name of the model in responses.' }),
  description: ModelCardSchema.properties.description,
  architecture: Type.Literal('ghostnet'),
  width: Type.Number({ exclusiveMinimum: 0, description: 'Width multiplier.' }),
  classes: Type.Integer({ minimum: 1 }),
  parameters: Type.Integer({ minimum: 1, description: 'Learnable parameters.' }),
  macs: Type.Integer({ minimum: 1, description: 'Multiply-accumulates per image.' }),
  preprocessing: PreprocessingSchema,
  temperature: Type.Optional(TemperatureSchema),
  weights: Type.Object({
    dtype: Type.Union([Type.Literal('float32'), Type.Literal('float16')], { description: 'Data type of the stored weights. Each layout of the graph has its own.' }),
    sha256: Sha256Schema,
  }, { additionalProperties: false }),
  selfTest: SelfTestSchema,
  provenance: Type.Object({
    checkpoint: Type.String({ description: 'File name of the checkpoint that was compiled.' }),
    checkpointSha256: Sha256Schema,
    checkpointFormat: Type.String(),
    ...OriginSchema.properties,
  }, { additionalProperties: false }),
  accuracy: AccuracySchema,
}, { additionalProperties: false })

export type Manifest = Static<typeof ManifestSchema>

export interface ModelDescription { readonly manifest: Manifest, readonly labels: readonly Label[] }

/** Reads a model directory. @throws ModelError if it has no valid manifest with as many labels as classes. */
export async function readModelDirectory (directory: string): Promise<ModelDescription> {
  const manifest = await readManifest(directory)
  const labels = await readLabels(join(directory, modelFiles.labels))
  if (labels.length !== manifest.classes) {
    throw new ModelError(`Expected ${manifest.classes} labels in ${join(directory, modelFiles.labels)}, got ${labels.length}.`)
  }
  return { manifest, labels }
}

export async function readManifest (directory: string): Promise<Manifest> {
  return await readJsonFile<Manifest>(join(directory, modelFiles.manifest), ManifestSchema)
}

export function formatManifest (manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/**
 * Reads a JSON file and checks it against a schema. The caller names the schema's type: deriving it here costs the compiler 25 s.
 *
 * @throws ModelError naming the file if it is missing, not JSON, or does not match the schema.
 */
export async function readJsonFile<Value> (path: string, schema: TSchema): Promise<Value> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'it cannot be read as JSON'
    throw new ModelError(`Expected the JSON file ${path}, but ${reason}.`, { cause })
  }
  const mismatch = findMismatch(schema, json)
  if (mismatch !== undefined) throw new ModelError(`${path} is not valid: ${mismatch}.`)
  return json as Value
}

/** The first mismatch of a value with a schema: where and how, in words; undefined if it matches. */
export function findMismatch (schema: TSchema, value: unknown): string | undefined {
  if (Check(schema, value)) return undefined
  const [first] = Errors(schema, value)
  return `${first?.instancePath ?? ''} ${first?.message ?? 'unexpected content'}`.trim()
}
