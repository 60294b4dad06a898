/**
 * Image bytes -> the pixels that a model sees, equal to what Pillow and torchvision make of the same file:
 * oriented by EXIF, colour profile ignored, alpha dropped, shorter side resized with antialiasing, centre cropped.
 * With OpenCV's resizer, the resize and the crop are MindCV's.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import sharp, { type Sharp } from 'sharp'
import type { ImageFormatName } from '../config.ts'
import type { Preprocessing } from '../../models/manifest/preprocessing.ts'
import { ServiceError } from '../errors.ts'
import { cropAxes, type Axis } from './crop-axes.ts'
import { decodeBytes } from './decode-bytes.ts'
import { enlargeCrop } from './enlarge.ts'
import { sniffFormat } from './formats.ts'
import { readHeader, type ImageHeader } from './image-header.ts'
import { interpolateCrop } from './interpolate.ts'
import type { MemoryBudget, Release } from './memory-budget.ts'

// One thread per image, many images at once: threads inside an image only add contention. Nothing is decoded twice.
sharp.concurrency(1)
sharp.cache(false)

export interface PreprocessOptions {
  readonly preprocessing: Preprocessing
  readonly formats: readonly ImageFormatName[]
  /** Largest width x height. */
  readonly maxImagePixels: number
  /** Largest width or height. */
  readonly maxImageSide: number
  /** Time limit of native decoding and resizing, in whole seconds. */
  readonly decodeTimeoutSeconds: number
  /** Memory for all images that are decoded at the same time. */
  readonly decodeBudget: MemoryBudget
}

/**
 * The model's input for one image.
 *
 * @param bytes - Encoded, in one of the formats; of several frames the first counts.
 * @param signal - Aborted while the image waits for memory, its reason is thrown.
 * @returns uint8 [cropSize, cropSize, 3], RGB. Newly allocated; the caller owns it.
 * @throws `empty_body`, `unsupported_media`, `too_many_pixels` (from the header, before any pixel is decoded), `decode_timeout` or
 * `corrupt_image`.
 */
export async function preprocess (bytes: Buffer, options: PreprocessOptions, signal: AbortSignal): Promise<Uint8Array> {
  const { preprocessing, decodeTimeoutSeconds, decodeBudget } = options
  const format = sniffFormat(bytes, options.formats)
  let release: Release | undefined
  try {
    const kept = format.stripMetadata(bytes)
    // libvips would reject an image with more pixels than we read, in case its reading ever differs.
    const limitInputPixels = kept.header === undefined ? false : kept.header.width * kept.header.height
    const image = sharp(kept.file, { failOn: 'error', limitInputPixels, sequentialRead: true, ignoreIcc: true })
    const header = kept.header ?? await readHeader(image)
    checkSize(header, options)
    const { rows, columns } = cropAxes(header, preprocessing)
    const isOpencv = preprocessing.resizer === 'opencv'
    const isEnlarged = rows.resized > rows.source
    // libvips weights colours by alpha when it resizes; Pillow's pipelines drop it before.
    const needsRgb = isOpencv || isEnlarged || header.hasAlpha || header.isCmyk
    const isTurned = header.orientation > 1
    release = await takeMemory(decodeBytes(format, kept, header, { isTurned, needsRgb }), header, decodeBudget, signal)

    image.autoOrient().timeout({ seconds: decodeTimeoutSeconds })
    if (!needsRgb) return await shrinkCrop(image.toColourspace('srgb'), rows, columns, preprocessing)
    const { data, width, height } = await decodeRgb(image, header)
    if (isOpencv) return interpolateCrop(data, rows, columns, preprocessing.cropSize)
    if (isEnlarged) return enlargeCrop(data, rows, columns, preprocessing)
    return await shrinkCrop(sharp(data, { raw: { width, height, channels: 3 } }), rows, columns, preprocessing)
  } catch (cause) {
    if (cause instanceof ServiceError || signal.aborted) throw cause
    if (String(cause).includes('timeout')) {
      throw new ServiceError('decode_timeout', `Expected an image that decodes within ${decodeTimeoutSeconds} s.`, { cause })
    }
    throw new ServiceError('corrupt_image', `Expected a complete ${format.title} image, got one that is damaged or cut off.`, { cause })
  } finally {
    release?.()
  }
}

function checkSize ({ width, height }: ImageHeader, { maxImagePixels, maxImageSide }: PreprocessOptions): void {
  const limit = width > maxImageSide || height > maxImageSide
    ? `${maxImageSide} pixels per side`
    : width * height > maxImagePixels ? `${maxImagePixels} pixels` : undefined
  if (limit !== undefined) throw new ServiceError('too_many_pixels', `Expected an image of at most ${limit}, got ${width} x ${height}.`)
}

async function takeMemory (bytes: number, { width, height }: ImageHeader, budget: MemoryBudget, signal: AbortSignal): Promise<Release> {
  if (bytes <= budget.totalBytes) return await budget.take(bytes, signal)
  throw new ServiceError('too_many_pixels',
    `Expected an image that decodes in ${budget.totalBytes} bytes of memory, got ${width} x ${height} pixels that take ${bytes}.`)
}

interface Pixels { readonly data: Uint8Array, readonly width: number, readonly height: number }

/** Decodes all pixels, oriented: uint8 [height, width, 3], newly allocated. */
async function decodeRgb (image: Sharp, { isCmyk }: ImageHeader): Promise<Pixels> {
  // libvips would convert CMYK with a press's colour profile, which Pillow does not.
  const source = isCmyk ? image.pipelineColourspace('cmyk').toColourspace('cmyk') : image.removeAlpha().toColourspace('srgb')
  const { data, info: { width, height } } = await source.raw().toBuffer({ resolveWithObject: true })
  return { data: isCmyk ? await inksToRgb(data) : data, width, height }
}

/** Pixels per slice: about 4 ms of work, between which the event loop goes on. */
const slicePixels = 2 ** 18

/** Converts CMYK to RGB in Pillow's integer arithmetic: uint8 [..., 4] -> uint8 [..., 3]. */
async function inksToRgb (inks: Uint8Array): Promise<Uint8Array> {
  const rgb = new Uint8ClampedArray((inks.length / 4) * 3)
  for (let start = 0; start < inks.length; start += slicePixels * 4) {
    const end = Math.min(inks.length, start + slicePixels * 4)
    for (let from = start, to = (start / 4) * 3; from < end; from += 4, to += 3) {
      const light = 255 - inks[from + 3]!
      for (let channel = 0; channel < 3; channel++) {
        const product = inks[from + channel]! * light + 128
        rgb[to + channel] = light - (((product >> 8) + product) >> 8)
      }
    }
    await nextTurn()
  }
  return new Uint8Array(rgb.buffer)
}

async function shrinkCrop (image: Sharp, rows: Axis, columns: Axis, { cropSize, interpolation }: Preprocessing): Promise<Uint8Array> {
  return await image
    // Shrinking while the JPEG loads is faster but up to 1.8 of 255 off on large images.
    .resize(columns.resized, rows.resized, { fit: 'fill', kernel: interpolation === 'bicubic' ? 'cubic' : 'linear', fastShrinkOnLoad: false })
    .extract({ left: columns.offset, top: rows.offset, width: cropSize, height: cropSize })
    .raw()
    .toBuffer()
}
