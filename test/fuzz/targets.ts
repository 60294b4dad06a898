/** Fuzz targets: how an input is made, what reads it, and which errors are documented. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { ServiceError } from '../../api/errors.ts'
import { decodeFastJpeg, collectGarbage } from '../../api/images/decode-fast-jpeg.ts'
import { asFastJpeg } from '../../api/images/fast-jpeg.ts'
import { preprocess } from '../../api/images/preprocess.ts'
import { BodyReader } from '../../api/http/plugins/request-body.ts'
import { MemoryBudget } from '../../api/images/memory-budget.ts'
import { readMultipart } from '../../api/http/routes/classify.ts'
import { packageRoot } from '../../models/package-root.ts'
import { preprocessingPresets } from '../../models/manifest/preprocessing.ts'
import { CheckpointError } from '../../models/weights/checkpoint-error.ts'
import { readCheckpoint } from '../../models/weights/read-checkpoint.ts'
import { meanDifference } from '../api/pipeline/golden-cases.ts'
import { unlimited } from '../api/pipeline/preprocess-options.ts'
import { boundary, fieldPart, filePart, formBody } from '../hostile/wire.ts'
import { mutate } from './mutate.ts'
import { Random } from './random.ts'

export interface Target {
  /** The same input for the same seed and iteration. */
  readonly makeInput: (seed: number, iteration: number) => Buffer
  /** @throws for a documented rejection, what `isDocumented` knows. */
  readonly read: (input: Buffer) => Promise<void>
  readonly isDocumented: (error: unknown) => boolean
}

/** Largest input: a fuzzer needs many inputs, not large ones. */
const longestFileBytes = 700_000

function readCorpus (directory: string, extension: RegExp): Buffer[] {
  const path = join(packageRoot, 'test', directory)
  return readdirSync(path).filter((name) => extension.test(name)).sort()
    .map((name) => readFileSync(join(path, name))).filter((bytes) => bytes.length <= longestFileBytes)
}

function isRefusal (error: unknown): boolean {
  return error instanceof ServiceError && error.statusCode < 500
}

const images = readCorpus('fixtures', /\.(?:jpg|png|webp)$/)
const thumbnail = { ...preprocessingPresets.imagenet, cropSize: 32 }
/** From a shrink of 4 on libvips takes a box first, and noise, as many a mutated image is, shows it. */
const alikeShrink = 3
/** Mean difference, of 255: the decoders round, and interpolate chrominance, each in its own way. */
const mostOfDecoders = 1.5
const plainJpegs = images.filter((image) => asFastJpeg(image, unlimited(thumbnail)) !== undefined)
const checkpoints = readCorpus('golden/checkpoints', /\.(?:ckpt|pth|tar|safetensors)$/)
const small = images.filter((image) => image.length < 10_000)
const forms = [
  formBody([filePart(small[0]!)]),
  formBody([fieldPart('text'), ...small.map((image) => filePart(image))]),
  formBody([filePart(''), fieldPart('')], { preamble: 'preamble\r\n' }),
]

/** Forms that follow the grammar up to where they do not: names, fields and separators of any text, in any order. */
const text = fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom('\r\n', '--', `--${boundary}`, '"', ';', '\0', 'filename*=UTF-8\'\'x', 'x'.repeat(9000)))
const part = fc.record({
  fields: fc.array(fc.oneof(
    fc.tuple(text, text).map(([name, filename]) => `Content-Disposition: form-data; name="${name}"; filename="${filename}"`),
    fc.tuple(text, text).map(([name, value]) => `${name}: ${value}`),
    fc.constantFrom('Content-Transfer-Encoding: base64', 'Content-Type: multipart/mixed; boundary=x', 'Content-Type: text/plain; charset=utf-7')
  ), { maxLength: 4 }),
  content: fc.oneof(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)), text),
})
const grammaticalForm = fc.tuple(fc.array(part, { maxLength: 40 }), text, fc.constantFrom(`--${boundary}--\r\n`, `--${boundary}--`, `--${boundary}\r\n`, ''))
  .map(([parts, preamble, end]) => formBody(parts, { preamble, end }))

/** Chunks as a socket may cut them. */
function * inChunks (bytes: Buffer): Generator<Buffer> {
  const random = new Random(bytes.length)
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + random.below(random.pick([3, 50, 65_536]))
    yield bytes.subarray(at, end)
    at = end
  }
}

export const targets = {
  multipart: {
    makeInput: (seed, iteration) => iteration % 2 === 0
      ? mutate(forms, new Random(seed, iteration))
      : fc.sample(grammaticalForm, { seed: seed + iteration, numRuns: 1 })[0]!,
    read: async (input) => {
      const limits = { maxImages: 16, maxImageBytes: 5000, maxRequestBytes: 200_000 }
      const uploads = await readMultipart({ 'content-type': `multipart/form-data; boundary=${boundary}` }, new BodyReader(Readable.from(inChunks(input)), NaN, new MemoryBudget(Infinity)), limits)
      for (const upload of uploads) {
        if (Buffer.isBuffer(upload) ? upload.length > limits.maxImageBytes : !isRefusal(upload)) throw new Error('an upload beyond the limits')
      }
    },
    isDocumented: isRefusal,
  },
  images: {
    makeInput: (seed, iteration) => mutate(images, new Random(seed, iteration)),
    read: async (input) => {
      const preprocessing = preprocessingPresets.imagenet
      const pixels = await preprocess(input, { ...unlimited(preprocessing), maxImagePixels: 4_000_000 }, new AbortController().signal)
      if (pixels.length !== preprocessing.cropSize ** 2 * 3) throw new Error(`${pixels.length} bytes of pixels`)
    },
    isDocumented: isRefusal,
  },
  'plain-jpegs': {
    makeInput: (seed, iteration) => mutate(plainJpegs, new Random(seed, iteration)),
    read: async (input) => {
      const found = asFastJpeg(input, unlimited(thumbnail))
      if (found === undefined) return
      const cropSize = Math.ceil(Math.min(found.rows.source, found.columns.source) / alikeShrink)
      const preprocessing = { ...thumbnail, cropSize, cropPct: 1 }
      const options = unlimited(preprocessing)
      const pixels = new Uint8Array(cropSize ** 2 * 3)
      const isDecoded = decodeFastJpeg(asFastJpeg(input, options)!, preprocessing, pixels)
      await collectGarbage()
      if (!isDecoded) return
      const difference = meanDifference(pixels, await preprocess(input, options, new AbortController().signal))
      if (difference > mostOfDecoders) throw new Error(`Expected one image from two decoders, got two that differ by ${difference} of 255.`)
    },
    isDocumented: () => false,
  },
  checkpoints: {
    makeInput: (seed, iteration) => mutate(checkpoints, new Random(seed, iteration)),
    read: async (input) => { await readCheckpoint(input) },
    isDocumented: (error) => error instanceof CheckpointError,
  },
} satisfies Record<string, Target>

export type TargetName = keyof typeof targets
