/**
 * The results of an evaluation in a file of JSON lines, as far as it has come: a line that says of what, then a line for each image,
 * in the order of the data set. So an evaluation that was ended at any moment is continued where it was, and counts no image twice.
 */
import { Type, type Static } from 'typebox'
import { Check } from 'typebox/value'
import { JsonLinesFile, quote } from '../json-lines-file.ts'
import { UsageError } from '../usage-error.ts'
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
  readonly #file: JsonLinesFile
  readonly #evaluated: EvaluatedModel
  #hasHeading: boolean

  private constructor (file: JsonLinesFile, evaluated: EvaluatedModel, hasHeading: boolean) {
    this.#file = file
    this.#evaluated = evaluated
    this.#hasHeading = hasHeading
  }

  /**
   * Reads the file, if there is one. It is written from the first result on.
   *
   * @returns also the results that it has already, of the first of the images.
   * @throws UsageError if it is of another model, of other images or of something else.
   */
  static async open (
    path: string, evaluated: EvaluatedModel, images: readonly LabelledImage[], classes: number
  ): Promise<{ file: ResultsFile, before: ImageResult[] }> {
    const heading = JSON.stringify(evaluated)
    const before: ImageResult[] = []
    let hasHeading = false
    const file = await JsonLinesFile.open(path, {
      beginning: (index) => index === 0 ? heading : beginningOf(images[index - 1]),
      read: (line, index) => {
        if (index > 0) before.push(readResult(line, images[index - 1], classes, `line ${index + 1} of ${path}`))
        else if (line !== heading) throw new UsageError(explainHeading(line, evaluated, path))
        hasHeading = true
      },
    })
    return { file: new ResultsFile(file, evaluated, hasHeading), before }
  }

  async append (result: ImageResult): Promise<void> {
    if (!this.#hasHeading) await this.#file.append(this.#evaluated)
    this.#hasHeading = true
    await this.#file.append(isClassified(result) ? { ...result, logits: encode(result.logits) } : result)
  }

  async close (): Promise<void> {
    await this.#file.close()
  }
}

function beginningOf (image: LabelledImage | undefined): string | undefined {
  return image === undefined ? undefined : `${JSON.stringify({ name: image.name, classIndex: image.classIndex }).slice(0, -1)},`
}

/** What differs, by name. */
function explainHeading (line: string, evaluated: EvaluatedModel, path: string): string {
  const found = parseHeading(line)
  if (found === undefined) return `Expected an evaluation's results in ${path}, got ${quote(line)}: it was made by something else.`
  const differing = Object.entries(evaluated).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(found[name]))
  const print = (values: Readonly<Record<string, unknown>>): string =>
    differing.map(([name]) => `${name} ${typeof values[name] === 'string' ? values[name] : JSON.stringify(values[name])}`).join(', ')
  return `Expected results of ${evaluated.model} in ${path}, with ${print({ ...evaluated })}, got those of ${String(found['model'])}, with ${print(found)}: name another --out.`
}

function parseHeading (line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const heading = JSON.parse(line) as Readonly<Record<string, unknown>> | null
    return heading !== null && ['model', 'weightsSha256', 'preprocessing', 'layout'].every((name) => name in heading) ? heading : undefined
  } catch {
    return undefined
  }
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
  throw new UsageError(`Expected the result of an image on ${where}, got ${quote(line)}.`)
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
