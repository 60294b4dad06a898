/** Lines of labels in an output file. Each names what made it, so that lines of other models or selections are never mistaken. */
import { sha256Of } from '../../../models/manifest/sha256.ts'
import type { LoadedModel } from '../../engine/load-model.ts'
import type { Selection } from '../../engine/postprocess.ts'
import type { Outcome } from './classify-file.ts'
import type { ImageFile } from './image-list.ts'
import { quote, type JsonLines } from '../json-lines-file.ts'
import { UsageError } from '../usage-error.ts'

/** Properties that must be equal for lines to belong together. */
export interface Maker {
  readonly model: string
  /** Version of the model: the digest of its weights. */
  readonly version: string
  /** Digest of everything else that decides labels and scores: label list, preprocessing, temperature. */
  readonly settings: string
  readonly topK: number
  readonly minScore?: number
}

export type ClassifiedLine = { readonly file: string } & Maker & Outcome

const settingsLength = 8

export function describeMaker ({ manifest, labels, version, temperature }: LoadedModel, { topK, minScore }: Selection): Maker {
  const settings = sha256Of(Buffer.from(JSON.stringify([labels, manifest.preprocessing, temperature]))).slice(0, settingsLength)
  return { model: manifest.name, version, settings, topK, ...(minScore !== undefined && { minScore }) }
}

/** Describes the file. @param onLine - Called with each line that is already there. */
export function classifiedLines (
  files: readonly ImageFile[], maker: Maker, out: string, onLine: (line: ClassifiedLine) => void
): JsonLines {
  const beginning = (index: number): string | undefined => {
    const file = files[index]?.file
    return file === undefined ? undefined : `${JSON.stringify({ file, ...maker }).slice(0, -1)},`
  }
  return {
    beginning,
    read: (text, index) => {
      const line = parse(text)
      const where = `line ${index + 1} of ${out}`
      if (line === undefined) throw new UsageError(`Expected the labels of a file in ${where}, got ${quote(text)}: another program wrote it.`)
      if (line.model === undefined) throw new UsageError(`Expected to read in ${where} which model made it, but it does not say so: an older version wrote it. Name another --out.`)
      if (print(line as Maker) !== print(maker)) throw new UsageError(`Expected ${where} to be made by ${print(maker)}, got one of ${print(line as Maker)}: name another --out, or the same model and options.`)
      const start = beginning(index)
      if (start === undefined || !text.startsWith(start)) {
        throw new UsageError(`Expected ${where} to be of ${files[index]?.file ?? 'no file'}, got ${line.file}: it is of another list or shard.`)
      }
      onLine(line as ClassifiedLine)
    },
  }
}

/** Parses a line; undefined if it is not a line of labels of any model. */
function parse (text: string): { file: string } & Partial<Maker> | undefined {
  try {
    const line = JSON.parse(text) as Partial<ClassifiedLine> & Partial<Record<'predictions' | 'error', unknown>> | null
    const isOutcome = Array.isArray(line?.predictions) || typeof (line?.error as { code?: unknown } | undefined)?.code === 'string'
    return typeof line?.file === 'string' && isOutcome ? line as { file: string } : undefined
  } catch {
    return undefined
  }
}

function print ({ model, version, settings, topK, minScore }: Maker): string {
  return `${model} ${version} (settings ${settings}) with --top-k ${topK}${minScore === undefined ? '' : ` --min-score ${minScore}`}`
}
