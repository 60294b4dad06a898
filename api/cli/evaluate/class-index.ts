import type { Label } from '../../../models/manifest/labels.ts'
import { UsageError } from '../usage-error.ts'

/**
 * The index of the class that a data set calls by this name.
 *
 * @param where - The place of the name, for the error.
 * @throws UsageError if it is not one of the model's, or two classes go by it.
 */
export type ClassIndexOf = (name: string, where: string) => number

/** ImageNet has two classes that are called crane. */
const ambiguous = -1

/** A class may be called by its WordNet id or its label; or by its index, where no class has that number for a label. */
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
