/** What `ghostserve tune` found for a model on this machine, in the user's cache directory. */
import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import envPaths from 'env-paths'
import { Type, type Static } from 'typebox'
import { Check } from 'typebox/value'
import { replaceFile } from '../../../models/draft.ts'
import type { Manifest } from '../../../models/manifest/manifest.ts'
import { layouts } from '../../../models/onnx/layout.ts'
import { describeDevice } from '../../machine/execution-provider/execution-provider.ts'

const TuningSchema = Type.Object({
  weightsSha256: Type.String(),
  processor: Type.String(),
  onnxruntime: Type.String({ description: 'Its version.' }),
  layout: Type.Enum(layouts),
  maxBatchSize: Type.Integer({ minimum: 1 }),
})

export type Tuning = Static<typeof TuningSchema>

/** What a tuning holds for, and no other. */
type Subject = Pick<Tuning, 'weightsSha256' | 'processor' | 'onnxruntime'>

export const tuningFolder = (): string => join(envPaths('ghostserve', { suffix: '' }).cache, 'tuning')

/** One a model: another machine's or version's is replaced. */
export const tuningPath = ({ weights: { sha256 } }: Pick<Manifest, 'weights'>): string =>
  join(tuningFolder(), `${sha256}.json`)

/** Undefined where there is none, or it is of other weights, another processor or another onnxruntime. */
export async function readTuning (manifest: Pick<Manifest, 'weights'>): Promise<Tuning | undefined> {
  try {
    const tuning: unknown = JSON.parse(await readFile(tuningPath(manifest), 'utf8'))
    if (!Check(TuningSchema, tuning)) return undefined
    return Object.entries(subjectOf(manifest)).every(([name, value]) => tuning[name as keyof Subject] === value) ? tuning : undefined
  } catch {
    return undefined // it is an optimisation: without it the service starts as if nobody had tuned
  }
}

/** @returns the file. */
export async function writeTuning (manifest: Pick<Manifest, 'weights'>, found: Pick<Tuning, 'layout' | 'maxBatchSize'>): Promise<string> {
  const path = tuningPath(manifest)
  await mkdir(dirname(path), { recursive: true })
  await replaceFile(path, `${JSON.stringify({ ...subjectOf(manifest), ...found } satisfies Tuning, null, 2)}\n`)
  return path
}

function subjectOf ({ weights: { sha256 } }: Pick<Manifest, 'weights'>): Subject {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  return { weightsSha256: sha256, processor: describeDevice('cpu'), onnxruntime: version }
}
