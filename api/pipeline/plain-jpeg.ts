/**
 * The photos that most clients send: small, upright, baseline JPEGs. A session worker decodes them itself just before it runs them, which
 * takes half of what libvips takes to build a pipeline, run it on threads of its own and be waited for: docs/decisions/0031. All else is
 * libvips's.
 */
import { cropAxes, type Axis } from './crop-axes.ts'
import { imageFormats } from './image-formats.ts'
import type { PreprocessOptions } from './preprocess.ts'

/**
 * Above, libvips is as fast and needs less memory. It bounds what a worker's decoder holds, and how long it takes, which nothing can
 * interrupt.
 */
const maxPixels = 2 ** 19

/** A whole picture, and where the model's crop lies in it. */
export interface PlainJpeg {
  /** Without metadata. */
  readonly file: Buffer
  readonly rows: Axis
  readonly columns: Axis
}

/** The image as a session worker takes it; undefined if it has to be decoded before, or is none at all. */
export function findPlainJpeg (
  bytes: Buffer, { preprocessing, formats, maxImagePixels, maxImageSide }: PreprocessOptions
): PlainJpeg | undefined {
  if (!formats.includes('jpeg') || !imageFormats.jpeg.matches(bytes) || preprocessing.resizer === 'opencv') return undefined
  const { file, header } = imageFormats.jpeg.keepPixels(bytes)
  if (header === undefined || header.orientation !== 1) return undefined
  const { width, height } = header
  if (width * height > Math.min(maxPixels, maxImagePixels) || Math.max(width, height) > maxImageSide || !isPlain(file)) return undefined
  const axes = cropAxes(header, preprocessing)
  return axes.rows.resized > axes.rows.source ? undefined : { file, ...axes }
}

const [startOfImage, baselineFrame, startOfScan, endOfImage] = [0xd8, 0xc0, 0xda, 0xd9]
/** JFIF, EXIF, Huffman and quantisation tables, restart interval: what stands before the scan beside the frame, once or often. */
const plainSegments = new Set([0xe0, 0xe1, 0xc4, 0xdb, 0xdd])
const adobe = 0xee
const adobeYCbCr = 1
const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7

/**
 * Whether the file is as cameras and browsers write it, to its last byte: nothing between its segments, one frame, one scan of luminance
 * and two chrominances, these at full or half resolution, and no marker within it. Two decoders cannot take it for two pictures.
 */
function isPlain (file: Buffer): boolean {
  if (file[0] !== 0xff || file[1] !== startOfImage) return false
  let frames = 0
  for (let at = 2; at + 4 <= file.length;) {
    const marker = file[at + 1]!
    const content = file.subarray(at + 4, at + 2 + file.readUInt16BE(at + 2))
    if (file[at] !== 0xff) return false
    if (marker === startOfScan) return frames === 1 && content[0] === 3 && isWholeScan(file, at + 4 + content.length)
    if (marker === baselineFrame) {
      frames++
      if (!hasPlainChannels(content)) return false
    } else if (marker === adobe) {
      if (content[11] !== adobeYCbCr) return false
    } else if (!plainSegments.has(marker)) return false
    at += 4 + content.length
  }
  return false
}

/** @param start - Of the entropy-coded bytes, in which 0xff is followed by 0 or begins a marker. */
function isWholeScan (file: Buffer, start: number): boolean {
  for (let at = file.indexOf(0xff, start); at !== -1; at = file.indexOf(0xff, at + 2)) {
    const marker = file[at + 1]
    if (marker === endOfImage) return true
    if (marker === undefined || (marker !== 0 && !isRestart(marker))) return false
  }
  return false
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
