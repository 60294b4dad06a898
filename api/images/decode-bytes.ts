/** The memory that decoding an image takes, estimated before it is decoded. */
import type { ImageFormat } from './formats.ts'
import type { ImageHeader } from './image-header.ts'
import type { Stripped } from './strip-metadata.ts'

/** Steps of a decode that need all pixels at once. */
export interface DecodeSteps {
  /** Whether the image is rotated, which needs all pixels as stored. */
  readonly isTurned: boolean
  /** Whether a step runs on RGB because libvips differs from Pillow there. */
  readonly needsRgb: boolean
}

/** Rows that libvips keeps between two steps, at most. */
const maxStripRows = 2048
const rgbBytes = 3
/** CMYK and RGB of one pixel. */
const inkAndRgbBytes = 4 + rgbBytes

/** Bytes that libvips keeps of the rows it passes from step to step; of a small image all rows, twice. */
export function stripBytes ({ width, height, channels, channelBytes }: ImageHeader): number {
  return width * Math.min(2 * height, maxStripRows) * channels * channelBytes
}

/**
 * Peak memory of preprocessing an image, in bytes: an upper bound, since each part is measured alone and rarely
 * do all parts exist at the same time.
 */
export function decodeBytes (
  format: ImageFormat, { decoderBytes = 0 }: Stripped, header: ImageHeader, { isTurned, needsRgb }: DecodeSteps
): number {
  const { width, height, channels, channelBytes, isCmyk } = header
  const turned = isTurned ? channels * channelBytes : 0
  const rgb = needsRgb ? isCmyk ? inkAndRgbBytes : rgbBytes : 0
  return decoderBytes + stripBytes(header) + width * height * (format.bytesPerPixel(header) + turned + rgb)
}
