/**
 * The JPEGs that most clients send: small, upright, baseline. A session worker decodes them itself just before it runs them,
 * which is faster than a libvips pipeline with threads of its own: docs/decisions/0031. libvips decodes everything else.
 */
import { cropAxes, type Axis } from './crop-axes.ts'
import { imageFormats } from './formats.ts'
import { readFastJpegHead } from './fast-jpeg-head.ts'
import type { PreprocessOptions } from './preprocess.ts'

/**
 * Largest number of pixels that a worker decodes, which bounds its memory and the time of a decode, since it cannot be
 * interrupted. Above it, libvips is as fast and needs less memory.
 */
const maxPixels = 2 ** 19
/** Largest file, in bytes: above what this many pixels take in the best quality, there is something else in it. */
const maxBytes = 2 ** 20

/** A whole JPEG for a session worker, and where the model's crop lies in it. */
export interface FastJpeg {
  /** The file without metadata and without anything behind the image. */
  readonly file: Buffer
  readonly rows: Axis
  readonly columns: Axis
}

/** The image in the form that a session worker decodes; undefined if libvips has to decode it, or if it is no image. */
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
 * End of the image in the file, if the file is as cameras and browsers write it: a fast head, and one scan without a marker in
 * it. The worker checks the scan itself, which it reads anyway.
 */
function fastJpegEnd (file: Buffer): number | undefined {
  const head = readFastJpegHead(file)
  return head && endOfScan(file, head.scanStart)
}

/**
 * End of the scan.
 *
 * @param start - Start of the entropy-coded bytes, in which 0xff is followed by 0.
 * @returns The offset behind the end marker; undefined without one, or with many more 0xff than an image has.
 */
function endOfScan (file: Buffer, start: number): number | undefined {
  let rest = file.length / 32
  for (let at = file.indexOf(0xff, start); at !== -1 && rest > 0; at = file.indexOf(0xff, at + 2), rest--) {
    if (file[at + 1] === endOfImage) return at + 2
    if (file[at + 1] !== 0) return undefined
  }
  return undefined
}
