/**
 * The photos that most clients send: small, upright, baseline JPEGs. A session worker decodes them itself just before it runs them, which
 * is faster than a pipeline of libvips on threads of its own that is built and waited for: docs/decisions/0031. All else is libvips's.
 */
import { cropAxes, type Axis } from './crop-axes.ts'
import { imageFormats } from './formats.ts'
import { readFastJpegHead } from './fast-jpeg-head.ts'
import type { PreprocessOptions } from './preprocess.ts'

/**
 * Above, libvips is as fast and needs less memory. It bounds what a worker's decoder holds, and how long it takes, which nothing can
 * interrupt.
 */
const maxPixels = 2 ** 19
/** More than so many pixels take in the best quality: what is longer has something else in it, and nobody here looks for it. */
const maxBytes = 2 ** 20

/** A whole picture, and where the model's crop lies in it. */
export interface FastJpeg {
  /** Without metadata, and without what follows the picture. */
  readonly file: Buffer
  readonly rows: Axis
  readonly columns: Axis
}

/** The image as a session worker takes it; undefined if it has to be decoded before, or is none at all. */
export function asFastJpeg (
  bytes: Buffer, { preprocessing, formats, maxImagePixels, maxImageSide }: PreprocessOptions
): FastJpeg | undefined {
  if (bytes.length > maxBytes || preprocessing.resizer === 'opencv') return undefined
  if (!formats.includes('jpeg') || !imageFormats.jpeg.matches(bytes)) return undefined
  const { file, header } = imageFormats.jpeg.stripMetadata(bytes)
  if (header === undefined || header.orientation !== 1) return undefined
  const { width, height } = header
  if (width * height > Math.min(maxPixels, maxImagePixels) || Math.max(width, height) > maxImageSide) return undefined
  const axes = cropAxes(header, preprocessing)
  const end = axes.rows.resized > axes.rows.source ? undefined : fastJpegEnd(file)
  return end === undefined ? undefined : { file: file.subarray(0, end), ...axes }
}

const endOfImage = 0xd9

/**
 * Where the picture ends, if the file is as cameras and browsers write it: a plain head, and one scan without a marker in it. What the scan
 * says is for the worker to look at, which reads it anyway.
 */
function fastJpegEnd (file: Buffer): number | undefined {
  const head = readFastJpegHead(file)
  return head && endOfScan(file, head.scanStart)
}

/**
 * @param start - Of the entropy-coded bytes, in which 0xff is followed by 0.
 * @returns Behind the marker of the end. A file with many more 0xff than a picture has is none of ours, and not read to its end.
 */
function endOfScan (file: Buffer, start: number): number | undefined {
  let rest = file.length / 32
  for (let at = file.indexOf(0xff, start); at !== -1 && rest > 0; at = file.indexOf(0xff, at + 2), rest--) {
    if (file[at + 1] === endOfImage) return at + 2
    if (file[at + 1] !== 0) return undefined
  }
  return undefined
}
