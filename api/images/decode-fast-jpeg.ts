/** The decoder of session workers. It is synchronous: its thread has nothing else to do, and two would take turns. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { FastResizeFilter, ResizeFit, Transformer } from '@napi-rs/image'
import type { Preprocessing } from '../../models/manifest/preprocessing.ts'
import type { FastJpeg } from './fast-jpeg.ts'
import { isFastJpegScan } from './fast-jpeg-scan.ts'

const filters = {
  bilinear: FastResizeFilter.Bilinear,
  bicubic: FastResizeFilter.CatmullRom,
} satisfies Record<Preprocessing['interpolation'], FastResizeFilter>

/** Decoded pixels between two minor collections: some 15 MB. */
const minorGcEveryPixels = 2 ** 20
let pixelsSinceCollection = 0
/** Minor collections per major one: what survives two minor ones is freed only by a major one, which takes some ms. */
const majorGcEvery = 64
let collections = 0
const collect = exposeCollection()

// glibc returns freed blocks above a threshold at once, and each of their pages faults again with the next image.
// The threshold rises to the largest block ever freed: this one, which is never touched and freed at the first collection.
Object.freeze(new ArrayBuffer(4 * 1024 * 1024))

/** A fast JPEG whose bytes, which are untrusted, are in the worker. */
export interface FastJpegBytes extends Omit<FastJpeg, 'file'> {
  readonly file: Uint8Array
}

/**
 * Decodes a fast JPEG into the model's input.
 *
 * @param pixels - Filled with uint8 [cropSize, cropSize, 3], RGB.
 * @returns Whether the image was decoded and every decoder would decode it alike; otherwise libvips decides.
 */
export function decodeFastJpeg (
  { file, rows, columns }: FastJpegBytes, { cropSize, interpolation }: Preprocessing, pixels: Uint8Array
): boolean {
  try {
    if (!isFastJpegScan(file, columns.source, rows.source)) return false
    const rgba = new Transformer(file)
      .fastResize({ width: columns.resized, height: rows.resized, filter: filters[interpolation], fit: ResizeFit.Fill })
      .crop(columns.offset, rows.offset, cropSize, cropSize)
      .rawPixelsSync()
    if (rgba.length !== cropSize * cropSize * 4) return false
    for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
      pixels[to] = rgba[from]!
      pixels[to + 1] = rgba[from + 1]!
      pixels[to + 2] = rgba[from + 2]!
    }
    return true
  } catch {
    return false
  } finally {
    pixelsSinceCollection += rows.source * columns.source
  }
}

/**
 * Frees the memory of decoded images; call it between images. V8 does not know how large they are and would let hundreds
 * of MB gather. Their memory is freed after their objects are collected and the event loop has turned.
 */
export async function collectGarbage (): Promise<void> {
  if (pixelsSinceCollection < minorGcEveryPixels) return
  pixelsSinceCollection = 0
  collect({ type: ++collections % majorGcEvery === 0 ? 'major' : 'minor' })
  await nextTurn()
}

/** Exposes V8's `gc`. The flag is the process's and must stay set: contexts of other threads are made under it, too. */
function exposeCollection (): (options: { type: 'minor' | 'major' }) => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as ReturnType<typeof exposeCollection>
}
