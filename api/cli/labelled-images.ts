import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import type { Label } from '../../models/labels.ts'
import { UsageError } from './usage-error.ts'

export interface LabelledImage { readonly path: string, readonly classIndex: number }

const imageExtensions = new Set(['.jpg', '.jpeg', '.png', '.webp'])

/**
 * The images of a data set and their classes, by name.
 *
 * @param data - A folder with one folder for each class, or a file with an image's name and its class on each line.
 * @throws UsageError if there is no such place or a class is not one of the model's.
 */
export async function listLabelledImages (data: string, labels: readonly Label[]): Promise<LabelledImage[]> {
  const stats = await stat(data).catch(() => undefined)
  if (stats === undefined) throw new UsageError(`Expected a folder or a list of images, but there is no ${data}.`)
  const classIndexOf = indexClasses(labels)
  return stats.isDirectory() ? await listFolders(data, classIndexOf) : await readList(data, classIndexOf)
}

/** ImageNet has two classes that are called crane. */
const ambiguous = -1

type ClassIndexOf = (name: string, where: string) => number

/** A class may be called by its WordNet id, its label or its index. */
function indexClasses (labels: readonly Label[]): ClassIndexOf {
  const indices = new Map<string, number>()
  for (const [classIndex, { label, wnid }] of labels.entries()) {
    const names = [String(classIndex), label, ...wnid === undefined ? [] : [wnid]]
    for (const name of names) indices.set(name, indices.has(name) ? ambiguous : classIndex)
  }
  return (name, where) => {
    const classIndex = indices.get(name)
    if (classIndex === ambiguous) throw new UsageError(`Expected a class that only one name fits in ${where}, got ${JSON.stringify(name)}: use WordNet ids.`)
    if (classIndex !== undefined) return classIndex
    throw new UsageError(`Expected a class of the model (WordNet id, label or index) in ${where}, got ${JSON.stringify(name)}.`)
  }
}

async function listFolders (root: string, classIndexOf: ClassIndexOf): Promise<LabelledImage[]> {
  const folders = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  const images = await Promise.all(folders.map(async ({ name }) => {
    const classIndex = classIndexOf(name, root)
    const files = await readdir(join(root, name), { recursive: true })
    return files
      .filter((file) => imageExtensions.has(extname(file).toLowerCase()))
      .sort()
      .map((file) => ({ path: join(root, name, file), classIndex }))
  }))
  return images.flat()
}

/** Separated by tabs (further columns do not count) or by a comma, or by the first space. */
const listLine = /^([^\t,]+)(?:\t([^\t]+).*|,(.+))$|^(\S+)\s+(.+)$/

async function readList (path: string, classIndexOf: ClassIndexOf): Promise<LabelledImage[]> {
  const lines = (await readFile(path, 'utf8')).split(/\r?\n/)
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return []
    const [, first, tabbed, comma = tabbed, file = first, className = comma] = listLine.exec(line) ?? []
    if (file === undefined || className === undefined) {
      throw new UsageError(`Expected an image's name and its class on line ${i + 1} of ${path}, got ${JSON.stringify(line.slice(0, 100))}.`)
    }
    const beside = join(dirname(path), file.trim())
    const image = existsSync(beside) ? beside : join(dirname(path), 'images', file.trim())
    return [{ path: image, classIndex: classIndexOf(className.trim(), `line ${i + 1} of ${path}`) }]
  })
}
