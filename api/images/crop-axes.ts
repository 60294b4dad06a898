/** Where a model's crop lies in a picture: the sides after the resize of the shorter one, and where the centre begins. */
import { resizeShorterSide, type Preprocessing } from '../../models/manifest/preprocessing.ts'
import type { ImageHeader } from './image-header.ts'

/** Length of a side before and behind the resize, and the part of it that the crop keeps. */
export interface Axis { readonly source: number, readonly resized: number, readonly offset: number }

interface Rounding {
  /** Length of the longer side behind the resize, from the ratio of the two sides and the shorter one's new length. */
  readonly resizeLonger: (longer: number, shorter: number, resizedShorter: number) => number
  /** Where the crop begins, from what the resize leaves beside it. */
  readonly halve: (margin: number) => number
}

const roundings: Record<NonNullable<Preprocessing['resizer']>, Rounding> = {
  /** torchvision's. */
  pillow: {
    resizeLonger: (longer, shorter, resizedShorter) => Math.trunc((resizedShorter * longer) / shorter),
    halve: (margin) => roundHalfToEven(margin / 2),
  },
  /** MindSpore's, which computes in 32 bits. */
  opencv: {
    resizeLonger: (longer, shorter, resizedShorter) => Math.floor(Math.fround(Math.fround(longer / shorter) * resizedShorter)),
    halve: (margin) => Math.floor(margin / 2),
  },
}

/** @returns Of the picture as it is seen, upright. */
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

/** Python's `round` and OpenCV's `cvRound`: Math.round takes every half up, which moves a crop with an odd margin by a pixel. */
export function roundHalfToEven (value: number): number {
  const floor = Math.floor(value)
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value)
}
