/**
 * Enlarging as Pillow does it, for images smaller than the model's input: libvips is half a pixel off there.
 * Only the crop is computed, so that an image one pixel wide and thousands high costs no more than others.
 */
import type { Preprocessing } from '../../models/manifest/preprocessing.ts'
import type { Axis } from './crop-axes.ts'

/** Filters over the distance to a source pixel's centre; both vanish beyond their support. Bicubic is Keys' with a = -0.5. */
const filters: Record<Preprocessing['interpolation'], { support: number, weigh: (distance: number) => number }> = {
  bilinear: { support: 1, weigh: (distance) => Math.max(0, 1 - distance) },
  bicubic: {
    support: 2,
    weigh: (distance) => {
      if (distance < 1) return (1.5 * distance - 2.5) * distance ** 2 + 1
      return distance < 2 ? ((-0.5 * distance + 2.5) * distance - 4) * distance + 2 : 0
    },
  },
}

const channels = 3

/**
 * Enlarges an image and crops it.
 *
 * @param pixels - uint8 [rows.source, columns.source, 3]
 * @returns uint8 [cropSize, cropSize, 3], newly allocated.
 */
export function enlargeCrop (
  pixels: Uint8Array, rows: Axis, columns: Axis, { cropSize, interpolation }: Pick<Preprocessing, 'cropSize' | 'interpolation'>
): Uint8Array {
  const horizontal = resampleWeights(columns, cropSize, interpolation)
  const vertical = resampleWeights(rows, cropSize, interpolation)
  const firstRow = vertical[0]!.first
  const { first, weights } = vertical[cropSize - 1]!
  const rowCount = first + weights.length - firstRow
  const sourceStride = columns.source * channels
  const cropStride = cropSize * channels

  // As in Pillow the columns come first, and what is between the passes is rounded to 8 bits.
  const widened = new Uint8ClampedArray(rowCount * cropStride)
  for (let row = 0; row < rowCount; row++) {
    for (const [x, { first, weights }] of horizontal.entries()) {
      resample(pixels, (firstRow + row) * sourceStride + first * channels, channels, weights, widened, row * cropStride + x * channels)
    }
  }
  const enlarged = new Uint8ClampedArray(cropSize * cropStride)
  for (const [y, { first, weights }] of vertical.entries()) {
    for (let x = 0; x < cropSize; x++) {
      const from = (first - firstRow) * cropStride + x * channels
      resample(widened, from, cropStride, weights, enlarged, y * cropStride + x * channels)
    }
  }
  return new Uint8Array(enlarged.buffer)
}

interface Taps { readonly first: number, readonly weights: readonly number[] }

/** The source pixels and their weights for each pixel of the crop along one axis: [cropSize]. */
function resampleWeights ({ source, resized, offset }: Axis, cropSize: number, interpolation: Preprocessing['interpolation']): Taps[] {
  const { support, weigh } = filters[interpolation]
  return Array.from({ length: cropSize }, (_, i) => {
    const centre = ((offset + i + 0.5) * source) / resized
    const first = Math.max(0, Math.floor(centre - support + 0.5))
    const end = Math.min(source, Math.floor(centre + support + 0.5))
    const raw = Array.from({ length: end - first }, (_, tap) => weigh(Math.abs(first + tap + 0.5 - centre)))
    const total = raw.reduce((sum, weight) => sum + weight, 0)
    return { first, weights: raw.map((weight) => weight / total) }
  })
}

/** Writes one output pixel: the weighted sum of source pixels `stride` bytes apart. */
function resample (
  from: Uint8Array | Uint8ClampedArray, start: number, stride: number, weights: readonly number[], to: Uint8ClampedArray, at: number
): void {
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0
    for (let tap = 0; tap < weights.length; tap++) sum += from[start + tap * stride + channel]! * weights[tap]!
    to[at + channel] = Math.floor(sum + 0.5) // clamped to 0..255 by the array
  }
}
