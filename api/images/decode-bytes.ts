/** What decoding an image takes of memory, said before it is decoded. */
import type { ImageFormat } from './formats.ts'
import type { ImageHeader } from './image-header.ts'
import type { Kept } from './strip-metadata.ts'

/** How an image is decoded: what is needed of all its pixels at once. */
export interface DecodeSteps {
  /** Rotation needs them as they are stored. */
  readonly isTurned: boolean
  /** What libvips does not do as Pillow does is done on RGB. */
  readonly needsRgb: boolean
}

/** Rows. */
const mostOfStrip = 2048
const bytesOfRgb = 3
/** Inks, and what they look like. */
const bytesOfInksAndRgb = 4 + bytesOfRgb

/** Of libvips, which passes some rows of the picture on from step to step: of small pictures all, twice. */
export function stripBytes ({ width, height, channels, bytesOfChannel }: ImageHeader): number {
  return width * Math.min(2 * height, mostOfStrip) * channels * bytesOfChannel
}

/**
 * Bytes of memory that preprocessing an image takes at its peak, at most: each part is measured by itself, and they are rarely all
 * there at the same time.
 */
export function decodeBytes (
  format: ImageFormat, { decoderBytes = 0 }: Kept, header: ImageHeader, { isTurned, needsRgb }: DecodeSteps
): number {
  const { width, height, channels, bytesOfChannel, isCmyk } = header
  const turned = isTurned ? channels * bytesOfChannel : 0
  const rgb = needsRgb ? isCmyk ? bytesOfInksAndRgb : bytesOfRgb : 0
  return decoderBytes + stripBytes(header) + width * height * (format.bytesPerPixel(header) + turned + rgb)
}
