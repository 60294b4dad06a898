/** The decoder of session workers. It is synchronous: its thread has nothing else to do, and two threads would only take turns. */
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

/** Some 15 MB. */
const minorGcEveryPixels = 2 ** 20
let pixelsSinceCollection = 0
/** A picture that two collections of the young saw in use has grown old, and only a whole one, which takes some ms, lets it go. */
const majorGcEvery = 64
let collections = 0
const collect = exposeCollection()

// What is freed above a threshold glibc gives back at once, and each page of it faults again with the next picture. The threshold
// rises to the largest block that was ever freed: this one, which nobody touches, is garbage at once and goes with the first collection.
Object.freeze(new ArrayBuffer(4 * 1024 * 1024))

/** Of which the worker has the bytes; they may come from anybody. */
export interface FastJpegBytes extends Omit<FastJpeg, 'file'> {
  readonly file: Uint8Array
}

/**
 * @param pixels - To be filled: uint8 [cropSize, cropSize, 3], RGB.
 * @returns Whether it could be decoded, and every decoder would see the same in it. If not, libvips has the last word.
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
 * To be called between pictures. Their memory is given back when their objects have been collected and the event loop has turned;
 * V8, which does not know how large they are, would let hundreds of MB gather.
 */
export async function collectGarbage (): Promise<void> {
  if (pixelsSinceCollection < minorGcEveryPixels) return
  pixelsSinceCollection = 0
  collect({ type: ++collections % majorGcEvery === 0 ? 'major' : 'minor' })
  await nextTurn()
}

/** V8 hands its `gc` to contexts that are made while the flag is set, which is all threads': none may take it back from another. */
function exposeCollection (): (options: { type: 'minor' | 'major' }) => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as ReturnType<typeof exposeCollection>
}
