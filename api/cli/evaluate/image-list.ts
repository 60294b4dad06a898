/** Text files with the classes of images, as distributed with ImageNet and similar data sets. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { UsageError } from '../usage-error.ts'
import type { ClassIndexOf } from './class-index.ts'
import { labelledFile, listImageFiles } from './image-files.ts'
import type { LabelledImage } from './labelled-image.ts'

/** Images that a list names, relative to its own folder or to `images/` next to it. */
export async function listNamedImages (path: string, classIndexOf: ClassIndexOf): Promise<LabelledImage[]> {
  const root = dirname(path)
  return (await readLines(path)).map(({ text, where }) => {
    const { file, className } = readPair(text, where)
    const name = existsSync(join(root, file)) ? file : join('images', file)
    return labelledFile(root, name, classIndexOf(className, where))
  })
}

/**
 * Images of one folder, whose classes are in another file: one name and class per line (`val.txt`, `LOC_val_solution.csv`), or
 * one class per line, in the order of the images' sorted names (`imagenet_2012_validation_synset_labels.txt`).
 *
 * @throws UsageError also for bare numbers: those of ImageNet's own development kit count the classes in another order.
 */
export async function listFlatFolder (folder: string, groundTruth: string, classIndexOf: ClassIndexOf): Promise<LabelledImage[]> {
  const files = await listImageFiles(folder, { recursive: false })
  const lines = await readLines(groundTruth)
  const [first] = lines
  if (first === undefined || pairOf(first.text) !== undefined) {
    const byStem = new Map(files.map((file) => [basename(file, extname(file)), file]))
    return lines.map(({ text, where }) => {
      const { file, className } = readPair(text, where)
      return labelledFile(folder, byStem.get(file) ?? file, classIndexOf(className, where))
    })
  }
  if (lines.length !== files.length) {
    throw new UsageError(`Expected a class for each of the ${files.length} images of ${folder}, got ${lines.length} lines in ${groundTruth}.`)
  }
  return lines.map(({ text, where }, i) => {
    if (/^\d+$/.test(text)) {
      throw new UsageError(`Expected a WordNet id or a label in ${where}, got the number ${text}: it may count ImageNet's classes in another order than models do.`)
    }
    return labelledFile(folder, files[i]!, classIndexOf(text, where))
  })
}

interface Line { readonly text: string, readonly where: string }

/** The first line of Kaggle's table. */
const heading = 'ImageId,PredictionString'

async function readLines (path: string): Promise<Line[]> {
  return (await readFile(path, 'utf8')).split(/\r?\n/)
    .map((line, i) => ({ text: line.trim(), where: `line ${i + 1} of ${path}` }))
    .filter(({ text }, i) => text !== '' && !(i === 0 && text === heading))
}

/** Parses a line separated by tabs (further columns are ignored), by a comma, or by the first space. */
const pair = /^([^\t,]+)(?:\t([^\t]+).*|,(.+))$|^(\S+)\s+(.+)$/
const wnidAndBox = /^(n\d{8}) \d/

function pairOf (line: string): { file: string, className: string } | undefined {
  const [, first, tabbed, comma = tabbed, file = first, className = comma] = pair.exec(line) ?? []
  if (file === undefined || className === undefined) return undefined
  return { file: file.trim(), className: wnidAndBox.exec(className)?.[1] ?? className.trim() }
}

function readPair (line: string, where: string): { file: string, className: string } {
  const found = pairOf(line)
  if (found === undefined) throw new UsageError(`Expected an image's name and its class on ${where}, got ${JSON.stringify(line.slice(0, 100))}.`)
  return found
}
