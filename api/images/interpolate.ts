/**
 * Resizing as OpenCV does it (`INTER_LINEAR` with 8 bits), which MindCV uses: each pixel comes from the four source pixels around
 * its place, however much the image shrinks, in integers. Only the crop is computed, so the image's size does not matter.
 */
import { roundHalfToEven, type Axis } from './crop-axes.ts'

const channels = 3

/** Two source pixels and the share of each in 2048ths, for each pixel of the crop along one axis. */
interface Neighbours {
  readonly before: Int32Array
  readonly after: Int32Array
  readonly shareBefore: Int32Array
  readonly shareAfter: Int32Array
}

const wholeShare = 2048

/**
 * Resizes an image and crops it.
 *
 * @param pixels - uint8 [rows.source, columns.source, 3]
 * @returns uint8 [cropSize, cropSize, 3], newly allocated.
 */
export function interpolateCrop (pixels: Uint8Array, rows: Axis, columns: Axis, cropSize: number): Uint8Array {
  const down = findNeighbours(rows, cropSize)
  const across = findNeighbours(columns, cropSize)
  const stride = columns.source * channels
  const crop = new Uint8Array(cropSize * cropSize * channels)
  let at = 0
  for (let y = 0; y < cropSize; y++) {
    const [above, below] = [down.before[y]! * stride, down.after[y]! * stride]
    const [shareAbove, shareBelow] = [down.shareBefore[y]!, down.shareAfter[y]!]
    for (let x = 0; x < cropSize; x++) {
      const [left, right] = [across.before[x]! * channels, across.after[x]! * channels]
      const [shareLeft, shareRight] = [across.shareBefore[x]!, across.shareAfter[x]!]
      for (let channel = 0; channel < channels; channel++) {
        const upper = pixels[above + left + channel]! * shareLeft + pixels[above + right + channel]! * shareRight
        const lower = pixels[below + left + channel]! * shareLeft + pixels[below + right + channel]! * shareRight
        // OpenCV's processor instructions multiply 16 bits, so each product loses its low bits before the sum.
        crop[at++] = (((shareAbove * (upper >> 4)) >> 16) + ((shareBelow * (lower >> 4)) >> 16) + 2) >> 2
      }
    }
  }
  return crop
}

/** Source places and shares, rounded to 32 bits where OpenCV does; beyond the border its last pixel is repeated. */
function findNeighbours ({ source, resized, offset }: Axis, cropSize: number): Neighbours {
  const scale = 1 / (resized / source)
  const places = Float32Array.from({ length: cropSize }, (_, i) => (offset + i + 0.5) * scale - 0.5)
  const shares = places.map((place) => place - Math.floor(place))
  const clamp = (index: number): number => Math.min(Math.max(index, 0), source - 1)
  return {
    before: Int32Array.from(places, (place) => clamp(Math.floor(place))),
    after: Int32Array.from(places, (place) => clamp(Math.floor(place) + 1)),
    shareBefore: Int32Array.from(shares, (share) => roundHalfToEven(Math.fround(1 - share) * wholeShare)),
    shareAfter: Int32Array.from(shares, (share) => roundHalfToEven(share * wholeShare)),
  }
}
