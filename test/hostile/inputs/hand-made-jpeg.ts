/** JPEGs of any structure and size in some hundred bytes: every code is one bit long, and what their scans do not say is grey. */
import { segment } from './jpeg.ts'

const baseline = 0xc0
const [progressive, arithmeticProgressive] = [0xc2, 0xca]
const [lossless, arithmeticLossless] = [0xc3, 0xcb]
const startOfImage = Buffer.from([0xff, 0xd8])
const endOfImage = Buffer.from([0xff, 0xd9])
const fullResolution = 0x11

export interface HandMadeJpeg {
  readonly width: number
  readonly height: number
  /** Marker of the frame. */
  readonly marker?: number
  readonly precision?: number
  /** Sampling factors of each channel: across in the upper four bits, down in the lower. */
  readonly samplings?: readonly number[]
  /** The channels of each scan, from 1 on; one of all of them if left out. */
  readonly scans?: ReadonlyArray<readonly number[]>
}

export function handMadeJpeg ({
  width, height, marker = baseline, precision = 8, samplings = Array(3).fill(fullResolution), scans = [samplings.map((_, i) => i + 1)],
}: HandMadeJpeg): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt16BE(height, 0)
  size.writeUInt16BE(width, 2)
  return Buffer.concat([
    startOfImage,
    segment(0xdb, Buffer.from([0, ...Array(64).fill(1)])),
    segment(marker, Buffer.from([precision, ...size, samplings.length, ...samplings.flatMap((sampling, i) => [i + 1, sampling, 0])])),
    ...[0x00, 0x10].map((table) => segment(0xc4, Buffer.from([table, 1, ...Array(15).fill(0), 0]))),
    ...scans.map((channels) => Buffer.concat([
      segment(0xda, Buffer.from([channels.length, ...channels.flatMap((channel) => [channel, 0]), ...coefficientsOf(marker)])),
      Buffer.from([0]),
    ])),
    endOfImage,
  ])
}

/** First and last coefficient, and how exact they are; of lossless ones, how samples are predicted. */
function coefficientsOf (marker: number): readonly [number, number, number] {
  if (marker === progressive || marker === arithmeticProgressive) return [0, 0, 0]
  return marker === lossless || marker === arithmeticLossless ? [1, 0, 0] : [0, 63, 0]
}
