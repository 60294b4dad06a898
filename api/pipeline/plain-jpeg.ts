/**
 * The photos that most clients send: small, upright, baseline JPEGs. A session worker decodes them itself just before it runs them, which
 * is faster than a pipeline of libvips on threads of its own that is built and waited for: docs/decisions/0031. All else is libvips's.
 */
import { cropAxes, type Axis } from './crop-axes.ts'
import { imageFormats } from './image-formats.ts'
import type { PreprocessOptions } from './preprocess.ts'

/**
 * Above, libvips is as fast and needs less memory. It bounds what a worker's decoder holds, and how long it takes, which nothing can
 * interrupt.
 */
const maxPixels = 2 ** 19
/** More than so many pixels take in the best quality: what is longer has something else in it, and nobody here looks for it. */
const maxBytes = 2 ** 20

/** A whole picture, and where the model's crop lies in it. */
export interface PlainJpeg {
  /** Without metadata, and without what follows the picture. */
  readonly file: Buffer
  readonly rows: Axis
  readonly columns: Axis
}

/** The image as a session worker takes it; undefined if it has to be decoded before, or is none at all. */
export function findPlainJpeg (
  bytes: Buffer, { preprocessing, formats, maxImagePixels, maxImageSide }: PreprocessOptions
): PlainJpeg | undefined {
  if (bytes.length > maxBytes || preprocessing.resizer === 'opencv') return undefined
  if (!formats.includes('jpeg') || !imageFormats.jpeg.matches(bytes)) return undefined
  const { file, header } = imageFormats.jpeg.keepPixels(bytes)
  if (header === undefined || header.orientation !== 1) return undefined
  const { width, height } = header
  if (width * height > Math.min(maxPixels, maxImagePixels) || Math.max(width, height) > maxImageSide) return undefined
  const axes = cropAxes(header, preprocessing)
  const end = axes.rows.resized > axes.rows.source ? undefined : endOfPlainPicture(file)
  return end === undefined ? undefined : { file: file.subarray(0, end), ...axes }
}

const [startOfImage, baselineFrame, startOfScan, endOfImage] = [0xd8, 0xc0, 0xda, 0xd9]
/** JFIF, EXIF, Huffman and quantisation tables: what stands before the scan beside the frame, once or often. */
const plainSegments = new Set([0xe0, 0xe1, 0xc4, 0xdb])
const restartInterval = 0xdd
const firstRestart = 0xd0
const adobe = 0xee
const adobeYCbCr = 1
/** Segments before the scan; without metadata they are some 600 bytes. */
const maxHeadBytes = 4096
/** The three channels in the frame's order, all coefficients at once; the tables, as any. */
const plainScan = Buffer.from([3, 1, 0, 2, 0, 3, 0, 0, 63, 0])

/**
 * Where the picture ends, if the file is as cameras and browsers write it: one frame, one scan of luminance and two chrominances, these at
 * full or half resolution, and no marker within it but restarts in their order. Two decoders cannot take it for two pictures.
 */
function endOfPlainPicture (file: Buffer): number | undefined {
  if (file[0] !== 0xff || file[1] !== startOfImage) return undefined
  let frames = 0
  let hasRestarts = false
  for (let at = 2; at + 4 <= Math.min(file.length, maxHeadBytes);) {
    const marker = file[at + 1]!
    const content = file.subarray(at + 4, at + 2 + file.readUInt16BE(at + 2))
    if (file[at] !== 0xff) return undefined
    if (marker === startOfScan) {
      return frames === 1 && isPlainScan(content) ? endOfScan(file, at + 4 + content.length, hasRestarts) : undefined
    }
    if (marker === baselineFrame) {
      frames++
      if (!hasPlainChannels(content)) return undefined
    } else if (marker === adobe) {
      if (content[11] !== adobeYCbCr) return undefined
    } else if (marker === restartInterval) hasRestarts = true
    else if (!plainSegments.has(marker)) return undefined
    at += 4 + content.length
  }
  return undefined
}

function isPlainScan (content: Buffer): boolean {
  const scan = Buffer.from(content.subarray(0, plainScan.length + 1))
  for (const table of [2, 4, 6]) scan[table] = 0
  return scan.equals(plainScan)
}

/**
 * @param start - Of the entropy-coded bytes, in which 0xff is followed by 0 or begins a marker.
 * @returns Behind the marker of the end. A file with many more 0xff than a picture has is none of ours, and not read to its end.
 */
function endOfScan (file: Buffer, start: number, hasRestarts: boolean): number | undefined {
  let restarts = 0
  let rest = file.length / 32
  for (let at = file.indexOf(0xff, start); at !== -1 && rest > 0; at = file.indexOf(0xff, at + 2), rest--) {
    const marker = file[at + 1]
    if (marker === endOfImage) return at + 2
    if (marker === 0) continue
    if (!hasRestarts || marker !== firstRestart + restarts % 8) return undefined
    restarts++
  }
  return undefined
}

/** Sampling factors of the luminance, horizontal and vertical; those of chrominance are 1. */
const luminances = new Set([0x11, 0x21, 0x22])
const channelBytes = 3

/** @param frame - Precision, height, width, count of channels, and of each its number, sampling factors and quantisation table. */
function hasPlainChannels (frame: Buffer): boolean {
  const channels = [0, 1, 2].map((channel) => frame.subarray(6 + channel * channelBytes, 9 + channel * channelBytes))
  return frame.length === 6 + 3 * channelBytes && frame[0] === 8 && frame[5] === 3 &&
    channels.every(([number, sampling], i) => number === i + 1 && (i === 0 ? luminances.has(sampling!) : sampling === 0x11))
}
