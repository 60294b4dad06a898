/**
 * Image bytes -> the pixels that a model sees, equal to what Pillow and torchvision make of the same file:
 * oriented by EXIF, colour profile ignored, alpha dropped, shorter side resized with antialiasing, centre cropped.
 */
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp'
import { resizeShorterSide, type Preprocessing } from '../../models/preprocessing.ts'
import { ServiceError } from '../errors.ts'
import { enlargeCrop, type Axis } from './enlarge.ts'

// One thread an image, many images at once: threads inside an image only add contention. Nothing is ever decoded twice.
sharp.concurrency(1)
sharp.cache(false)
// Fewer parsers that a hostile file can reach, and fewer that sniff every good one.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'] })

export interface PixelLimits {
  /** Width x height. */
  readonly maxImagePixels: number
  /** Width or height. */
  readonly maxImageSide: number
}

/**
 * The model's input for one image.
 *
 * @param bytes - Encoded JPEG, PNG or WebP (its first frame).
 * @returns uint8 [cropSize, cropSize, 3], RGB. Newly allocated; the caller owns it.
 * @throws `empty_body`, `unsupported_media`, `too_many_pixels` (from the header, before any pixel is decoded) or `corrupt_image`.
 */
export async function preprocess (bytes: Buffer, preprocessing: Preprocessing, limits: PixelLimits): Promise<Uint8Array> {
  const format = sniffFormat(bytes)
  try {
    const options = { failOn: 'error', limitInputPixels: false, sequentialRead: true, ignoreIcc: true } satisfies SharpOptions
    const image = sharp(bytes, options)
    const metadata = await image.metadata()
    checkSize(metadata, limits)
    const { rows, columns } = cropAxes(metadata.autoOrient, preprocessing)
    image.autoOrient()
    if (rows.resized > rows.source) {
      const { data } = await decodeRgb(image, metadata)
      return enlargeCrop(data, rows, columns, preprocessing)
    }
    // libvips weights colours by alpha when it resizes; Pillow's pipelines drop it before.
    if (!metadata.hasAlpha && metadata.space !== 'cmyk') return await shrinkCrop(image, rows, columns, preprocessing)
    const { data, width, height } = await decodeRgb(image, metadata)
    return await shrinkCrop(sharp(data, { raw: { width, height, channels: 3 } }), rows, columns, preprocessing)
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause
    throw new ServiceError('corrupt_image', `Expected a complete ${format} image, got one that is damaged or cut off.`, { cause })
  }
}

/** The format by its first bytes: what the client calls it decides nothing. */
function sniffFormat (bytes: Buffer): 'JPEG' | 'PNG' | 'WebP' {
  if (bytes.length === 0) throw new ServiceError('empty_body', 'Expected an image, got 0 bytes.')
  if (bytes.readUIntBE(0, Math.min(3, bytes.length)) === 0xffd8ff) return 'JPEG'
  if (bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n') return 'PNG'
  if (bytes.subarray(0, 4).toString('latin1') === 'RIFF' && bytes.subarray(8, 12).toString('latin1') === 'WEBP') return 'WebP'
  throw new ServiceError('unsupported_media', 'Expected a JPEG, PNG or WebP image, got bytes that start like none of them.')
}

function checkSize ({ width, height }: Metadata, { maxImagePixels, maxImageSide }: PixelLimits): void {
  const limit = width > maxImageSide || height > maxImageSide
    ? `${maxImageSide} pixels a side`
    : width * height > maxImagePixels ? `${maxImagePixels} pixels` : undefined
  if (limit !== undefined) throw new ServiceError('too_many_pixels', `Expected an image of at most ${limit}, got ${width} x ${height}.`)
}

interface Pixels { readonly data: Uint8Array, readonly width: number, readonly height: number }

/** All pixels, oriented: uint8 [height, width, 3]. */
async function decodeRgb (image: Sharp, { space }: Metadata): Promise<Pixels> {
  if (space === 'cmyk') return await decodeCmyk(image)
  const { data, info } = await image.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

/** Ink on paper, each channel dimmed by black, in Pillow's integer arithmetic. libvips would convert by a press's colour profile. */
async function decodeCmyk (image: Sharp): Promise<Pixels> {
  const { data: inks, info: { width, height } } = await image
    .pipelineColourspace('cmyk').toColourspace('cmyk').raw().toBuffer({ resolveWithObject: true })
  const data = new Uint8ClampedArray(width * height * 3)
  for (let from = 0, to = 0; from < inks.length; from += 4, to += 3) {
    const light = 255 - inks[from + 3]!
    for (let channel = 0; channel < 3; channel++) {
      const product = inks[from + channel]! * light + 128
      data[to + channel] = light - (((product >> 8) + product) >> 8)
    }
  }
  return { data: new Uint8Array(data.buffer), width, height }
}

async function shrinkCrop (image: Sharp, rows: Axis, columns: Axis, { cropSize, interpolation }: Preprocessing): Promise<Uint8Array> {
  return await image
    // Shrinking while the JPEG loads is faster and 1.8 of 255 off on large photos.
    .resize(columns.resized, rows.resized, { fit: 'fill', kernel: interpolation === 'bicubic' ? 'cubic' : 'linear', fastShrinkOnLoad: false })
    .extract({ left: columns.offset, top: rows.offset, width: cropSize, height: cropSize })
    .toColourspace('srgb')
    .raw()
    .toBuffer()
}

/** The resize of the shorter side and the centre crop, rounded as torchvision rounds them. */
function cropAxes ({ width, height }: { width: number, height: number }, preprocessing: Preprocessing): { rows: Axis, columns: Axis } {
  const shorter = Math.min(width, height)
  const resizedShorter = resizeShorterSide(preprocessing)
  const axis = (source: number): Axis => {
    const resized = source === shorter ? resizedShorter : Math.trunc((resizedShorter * source) / shorter)
    return { source, resized, offset: roundHalfToEven((resized - preprocessing.cropSize) / 2) }
  }
  return { rows: axis(height), columns: axis(width) }
}

/** Python's `round`, which the reference pipelines apply to the crop's offset: Math.round moves every odd margin by a pixel. */
function roundHalfToEven (value: number): number {
  const floor = Math.floor(value)
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value)
}
