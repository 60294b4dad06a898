/** A model's crop within an image: the sides after the resize of the shorter one, and where the centre begins. */
import { resizeShorterSide, type Preprocessing } from '../../models/manifest/preprocessing.ts'
import type { ImageHeader } from './image-header.ts'

/** One side of the image: its length in pixels before and after the resize, and where the crop begins in the latter. */
export interface Axis { readonly source: number, readonly resized: number, readonly offset: number }

interface Rounding {
  /** Length of the longer side after the resize, from both sides and the shorter one's new length. */
  readonly resizeLonger: (longer: number, shorter: number, resizedShorter: number) => number
  /** Offset of the crop, from the pixels that the resize leaves outside of it. */
  readonly halve: (margin: number) => number
}

const roundings: Record<NonNullable<Preprocessing['resizer']>, Rounding> = {
  /** Rounding of torchvision. */
  pillow: {
    resizeLonger: (longer, shorter, resizedShorter) => Math.trunc((resizedShorter * longer) / shorter),
    halve: (margin) => roundHalfToEven(margin / 2),
  },
  /** Rounding of MindSpore, which computes in 32 bits. */
  opencv: {
    resizeLonger: (longer, shorter, resizedShorter) => Math.floor(Math.fround(Math.fround(longer / shorter) * resizedShorter)),
    halve: (margin) => Math.floor(margin / 2),
  },
}

/** The axes of an image after its orientation is applied. */
export function cropAxes (header: ImageHeader, preprocessing: Preprocessing): { rows: Axis, columns: Axis } {
  const { resizeLonger, halve } = roundings[preprocessing.resizer ?? 'pillow']
  const isOnItsSide = header.orientation > 4
  const [width, height] = isOnItsSide ? [header.height, header.width] : [header.width, header.height]
  const shorter = Math.min(width, height)
  const resizedShorter = resizeShorterSide(preprocessing)
  const axis = (source: number): Axis => {
    const resized = source === shorter ? resizedShorter : resizeLonger(source, shorter, resizedShorter)
    return { source, resized, offset: halve(resized - preprocessing.cropSize) }
  }
  return { rows: axis(height), columns: axis(width) }
}

/** Rounding of Python's `round` and OpenCV's `cvRound`; Math.round would move a crop with an odd margin by a pixel. */
export function roundHalfToEven (value: number): number {
  const floor = Math.floor(value)
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value)
}
