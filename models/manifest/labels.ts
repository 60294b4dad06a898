import { readdir, readFile, stat } from 'node:fs/promises'
import { Type, type Static } from 'typebox'
import { Check } from 'typebox/value'
import { ModelError } from './model-error.ts'
import { packageRoot } from '../package-root.ts'
import { join } from 'node:path'

export const LabelSchema = Type.Object({
  label: Type.String({ description: 'Name of the class.' }),
  wnid: Type.Optional(Type.String({ description: 'WordNet id of the class, if it has one.' })),
}, { additionalProperties: false })

/** The name of one class. The index in a list of labels is the class index. */
export type Label = Static<typeof LabelSchema>

export const LabelsSchema = Type.Array(LabelSchema)

/** The 1000 classes of ImageNet-1k in the order of their sorted WordNet ids, which every published checkpoint uses. */
export const imagenetLabelsPath = join(packageRoot, 'models/labels/imagenet-1k.json')

const wnidLine = /^(n\d{8})\s+(.+)$/

/**
 * Reads the labels of a model, in the order of the class indices.
 *
 * Accepted are JSON (an array of names, an array of `{"label", "wnid"}`, or an object from index to name), plain text with a
 * class a line, optionally after its WordNet id, and a data set with a folder for each class, from which a model was trained.
 *
 * @throws ModelError if it is none of these.
 */
export async function readLabels (path: string): Promise<Label[]> {
  if ((await stat(path)).isDirectory()) return await folderLabels(path)
  const text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '')
  const labels = /^\s*[[{]/.test(text) ? jsonLabels(parseJson(text, path)) : lineLabels(text)
  if (labels === undefined || labels.length === 0) {
    throw new ModelError(
      `Expected labels in ${path}: a JSON array of names or of {"label", "wnid"}, a JSON object from class index to name, or a class a line.`)
  }
  return labels
}

function parseJson (text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ModelError(`Expected JSON in ${path}, which starts like it, but it does not parse.`, { cause })
  }
}

function jsonLabels (json: unknown): Label[] | undefined {
  if (Check(LabelsSchema, json)) return json
  const names = Array.isArray(json) ? json : inIndexOrder(json)
  return names?.every((name) => typeof name === 'string') ? names.map((label) => ({ label })) : undefined
}

function inIndexOrder (json: unknown): unknown[] | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const byIndex = new Map(Object.entries(json))
  const names = Array.from({ length: byIndex.size }, (_, classIndex) => byIndex.get(String(classIndex)))
  return names.includes(undefined) ? undefined : names
}

function lineLabels (text: string): Label[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '')
  return lines.map((line) => {
    const [, wnid, label] = wnidLine.exec(line) ?? []
    return wnid !== undefined && label !== undefined ? { wnid, label } : { label: line }
  })
}

/** Names of the parts of a data set, whose classes are those of the training part. */
const trainingPart = 'train'
const parts = new Set([trainingPart, 'val', 'validation', 'test'])

/**
 * The folders' names in the order of their code points, in which torchvision's ImageFolder and this project's training number the classes.
 * Those that are WordNet ids of ImageNet get its labels.
 */
async function folderLabels (path: string): Promise<Label[]> {
  const folders = (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name)
  if (folders.includes(trainingPart) && folders.every((folder) => parts.has(folder))) return await folderLabels(join(path, trainingPart))
  if (folders.length === 0) throw new ModelError(`Expected a folder for each class in ${path}, found none.`)
  const imagenetLabels = new Map((await readLabels(imagenetLabelsPath)).map((label) => [label.wnid, label]))
  // In the order of UTF-8, since JavaScript compares UTF-16.
  const sorted = folders.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return sorted.map((folder) => imagenetLabels.get(folder) ?? { label: folder })
}
