/**
 * The results of an evaluation in a file of JSON lines, as far as it has come: a line that says of what, then a line for each image,
 * in the order of the data set. So an evaluation that was ended at any moment is continued where it was, and counts no image twice.
 */
import { open, type FileHandle } from 'node:fs/promises'
import { Type, type Static } from 'typebox'
import { Check } from 'typebox/value'
import { UsageError } from '../cli/usage-error.ts'
import { isClassified, type ImageResult } from './image-result.ts'
import type { LabelledImage } from './labelled-image.ts'

const LineSchema = Type.Object({
  name: Type.String(),
  classIndex: Type.Integer(),
  logits: Type.Optional(Type.String({ description: 'float32 [classes] in little-endian order, as base64.' })),
  error: Type.Optional(Type.Object({ code: Type.String(), detail: Type.String() })),
})

/** What must be the same for results to belong together. */
export interface EvaluatedModel {
  readonly model: string
  readonly weightsSha256: string
  readonly preprocessing: object
  readonly layout: string
}

export class ResultsFile {
  readonly #file: FileHandle

  private constructor (file: FileHandle) {
    this.#file = file
  }

  /**
   * Opens the file, or makes it.
   *
   * @returns also the results that it has already, of the first of the images.
   * @throws UsageError if they are of another model or of other images.
   */
  static async open (
    path: string, evaluated: EvaluatedModel, images: readonly LabelledImage[], classes: number
  ): Promise<{ file: ResultsFile, before: ImageResult[] }> {
    const file = await open(path, 'a+')
    try {
      const [heading, ...lines] = await readCompleteLines(file)
      if (heading === undefined) await file.appendFile(`${JSON.stringify(evaluated)}\n`)
      else if (heading !== JSON.stringify(evaluated)) throw new UsageError(`Expected results of ${JSON.stringify(evaluated)} in ${path}, got those of ${heading}.`)
      const before = lines.map((line, i) => readResult(line, images[i], classes, `line ${i + 2} of ${path}`))
      return { file: new ResultsFile(file), before }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async append (result: ImageResult): Promise<void> {
    await this.#file.appendFile(`${JSON.stringify(isClassified(result) ? { ...result, logits: encode(result.logits) } : result)}\n`)
  }

  async close (): Promise<void> {
    await this.#file.close()
  }
}

/** A process that was killed may have left the beginning of a line, which is cut off. */
async function readCompleteLines (file: FileHandle): Promise<string[]> {
  const lines: string[] = []
  let bytes = 0
  // Line by line: as one string, ImageNet's logits would be close to the longest that there can be.
  let rest = ''
  for await (const chunk of file.createReadStream({ start: 0, encoding: 'utf8', autoClose: false })) {
    const parts = (rest + String(chunk)).split('\n')
    rest = parts.pop()!
    for (const part of parts) bytes += Buffer.byteLength(part) + 1
    lines.push(...parts)
  }
  await file.truncate(bytes)
  return lines
}

function readResult (line: string, image: LabelledImage | undefined, classes: number, where: string): ImageResult {
  const { name, classIndex, logits: encoded, error } = parse(line, where)
  if (name !== image?.name || classIndex !== image.classIndex) {
    throw new UsageError(`Expected ${where} to be of ${image === undefined ? 'no image' : `${image.name} (class ${image.classIndex})`}, ` +
      `got ${name} (class ${classIndex}): it is of another data set.`)
  }
  if (error !== undefined) return { name, classIndex, error }
  const logits = decode(encoded ?? '')
  if (logits.length !== classes) throw new UsageError(`Expected ${classes} logits in ${where}, got ${logits.length}.`)
  return { name, classIndex, logits }
}

function parse (line: string, where: string): Static<typeof LineSchema> {
  try {
    const json: unknown = JSON.parse(line)
    if (Check(LineSchema, json)) return json
  } catch {}
  throw new UsageError(`Expected the result of an image on ${where}, got ${JSON.stringify(line.slice(0, 100))}.`)
}

const bytesPerLogit = Float32Array.BYTES_PER_ELEMENT

function encode (logits: Float32Array): string {
  const bytes = Buffer.alloc(logits.length * bytesPerLogit)
  for (const [i, logit] of logits.entries()) bytes.writeFloatLE(logit, i * bytesPerLogit)
  return bytes.toString('base64')
}

function decode (text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64')
  return Float32Array.from({ length: Math.floor(bytes.length / bytesPerLogit) }, (_, i) => bytes.readFloatLE(i * bytesPerLogit))
}
