/** What decoding an image takes of memory, said before it is decoded. */
import type { ImageFormat } from './formats.ts'
import type { ImageHeader } from './image-header.ts'
import type { Stripped } from './strip-metadata.ts'

/** How an image is decoded: what is needed of all its pixels at once. */
export interface DecodeSteps {
  /** Rotation needs them as they are stored. */
  readonly isTurned: boolean
  /** What libvips does not do as Pillow does is done on RGB. */
  readonly needsRgb: boolean
}

/** Rows. */
const maxStripRows = 2048
const rgbBytes = 3
/** Inks, and what they look like. */
const inkAndRgbBytes = 4 + rgbBytes

/** Of libvips, which passes some rows of the picture on from step to step: of small pictures all, twice. */
export function stripBytes ({ width, height, channels, channelBytes }: ImageHeader): number {
  return width * Math.min(2 * height, maxStripRows) * channels * channelBytes
}

/**
 * Bytes of memory that preprocessing an image takes at its peak, at most: each part is measured by itself, and they are rarely all
 * there at the same time.
 */
export function decodeBytes (
  format: ImageFormat, { decoderBytes = 0 }: Stripped, header: ImageHeader, { isTurned, needsRgb }: DecodeSteps
): number {
  const { width, height, channels, channelBytes, isCmyk } = header
  const turned = isTurned ? channels * channelBytes : 0
  const rgb = needsRgb ? isCmyk ? inkAndRgbBytes : rgbBytes : 0
  return decoderBytes + stripBytes(header) + width * height * (format.bytesPerPixel(header) + turned + rgb)
}
