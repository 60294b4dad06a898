import type { Label } from '../../../models/manifest/labels.ts'
import { UsageError } from '../usage-error.ts'

/**
 * Finds the index of the class that a data set calls by this name.
 *
 * @param where - The place of the name, for the error.
 * @throws UsageError if it is not one of the model's, or if it names two classes.
 */
export type ClassIndexOf = (name: string, where: string) => number

/** Mark of a name of two classes, such as ImageNet's two cranes. */
const ambiguous = -1

/** Indices by name: WordNet ids and labels; or indices, unless a class has that number for a label. */
export function indexClasses (labels: readonly Label[]): ClassIndexOf {
  const indices = new Map<string, number>()
  for (const [classIndex, { label, wnid }] of labels.entries()) {
    for (const name of new Set([label, wnid ?? label])) indices.set(name, indices.has(name) ? ambiguous : classIndex)
  }
  for (const classIndex of labels.keys()) {
    if (!indices.has(String(classIndex))) indices.set(String(classIndex), classIndex)
  }
  return (name, where) => {
    const classIndex = indices.get(name)
    if (classIndex === ambiguous) throw new UsageError(`Expected a class that only one name fits in ${where}, got ${JSON.stringify(name)}: use WordNet ids.`)
    if (classIndex !== undefined) return classIndex
    throw new UsageError(`Expected a class of the model (WordNet id, label or index) in ${where}, got ${JSON.stringify(name)}.`)
  }
}
