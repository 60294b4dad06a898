/** The frame of a JPEG: what it says of the image, and what a decoder has to keep for it. */
import type { ImageHeader } from './image-header.ts'

export interface JpegFrame {
  /** Marker of the frame's segment. */
  readonly marker: number
  readonly precision: number
  readonly width: number
  readonly height: number
  /** Samples of each channel per unit, across and down: with 2 and 1, the second channel has half as many. */
  readonly samplings: ReadonlyArray<readonly [across: number, down: number]>
}

const [baseline, extended, progressive, lossless, arithmeticProgressive] = [0xc0, 0xc1, 0xc2, 0xc3, 0xca]
/** Frame markers that libjpeg decodes; it rejects hierarchical ones, 0xc5 and up. */
const frames = new Set([baseline, extended, progressive, lossless, 0xc9, arithmeticProgressive, 0xcb])

/** Whether a marker starts a frame that a decoder may accept. */
export const isFrame = (marker: number): boolean => frames.has(marker)

const headBytes = 6
const channelEntryBytes = 3
const mostSamples = 4

/**
 * Parses a start-of-frame segment.
 *
 * @param segment - The segment from its precision on.
 * @returns undefined if it is malformed.
 */
export function readFrame (marker: number, segment: Buffer): JpegFrame | undefined {
  if (segment.length < headBytes || segment.length < headBytes + channelEntryBytes * segment[5]!) return undefined
  const samplings = Array.from({ length: segment[5]! }, (_, channel) => {
    const sampling = segment[headBytes + channelEntryBytes * channel + 1]!
    return [sampling >> 4, sampling & 15] as const
  })
  if (samplings.length === 0 || samplings.flat().some((samples) => samples < 1 || samples > mostSamples)) return undefined
  return { marker, precision: segment[0]!, height: segment.readUInt16BE(1), width: segment.readUInt16BE(3), samplings }
}

/** The image header of a frame; undefined for frame types that few decoders support. */
export function headerOf ({ marker, precision, width, height, samplings }: JpegFrame, orientation: number): ImageHeader | undefined {
  const channels = samplings.length
  if (marker > progressive || precision !== 8 || width === 0 || height === 0 || ![1, 3, 4].includes(channels)) return undefined
  const isProgressive = marker === progressive
  return { width, height, orientation, channels, isProgressive, hasAlpha: false, isCmyk: channels === 4, channelBytes: 1 }
}

const blockSide = 8
const sampleBytes = 2

/**
 * Bytes of coefficients that a decoder keeps for the whole image; 0 if it decodes strip by strip. libjpeg keeps every
 * coefficient, in whole blocks and whole units, where a later scan may add to a pixel: if the frame is progressive or the first
 * scan lacks a channel.
 */
export function coefficientBytes ({ marker, width, height, samplings }: JpegFrame, firstScanChannels: number): number {
  const isProgressive = marker === progressive || marker === arithmeticProgressive
  if (!isProgressive && firstScanChannels >= samplings.length) return 0
  const samplesOf = (side: number, samples: number, most: number): number =>
    Math.ceil(Math.ceil((side * samples) / (blockSide * most)) / samples) * samples * blockSide
  const [across, down] = [0, 1].map((axis) => Math.max(...samplings.map((sampling) => sampling[axis]!)))
  return samplings.reduce((sum, sampling) =>
    sum + sampleBytes * samplesOf(width, sampling[0], across!) * samplesOf(height, sampling[1], down!), 0)
}
