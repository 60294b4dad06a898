/** What a JPEG's frame says of the picture, and what a decoder has to keep for it. */
import type { ImageHeader } from './image-header.ts'

export interface JpegFrame {
  /** Of the frame. */
  readonly marker: number
  readonly precision: number
  readonly width: number
  readonly height: number
  /** Samples of each channel in a unit, across and down: of two channels with 2 and 1 the second has half as many. */
  readonly samplings: ReadonlyArray<readonly [across: number, down: number]>
}

const [baseline, extended, progressive, lossless, arithmeticProgressive] = [0xc0, 0xc1, 0xc2, 0xc3, 0xca]
/** Of the kinds that libjpeg decodes; it refuses hierarchical ones, 0xc5 and up. */
const frames = new Set([baseline, extended, progressive, lossless, 0xc9, arithmeticProgressive, 0xcb])

/** Whether a segment with this marker is a frame that a decoder may take. */
export const isFrame = (marker: number): boolean => frames.has(marker)

const headBytes = 6
const channelEntryBytes = 3
const mostSamples = 4

/**
 * @param segment - From its precision on.
 * @returns undefined if it is none.
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

/** undefined of kinds that few decoders know. */
export function headerOf ({ marker, precision, width, height, samplings }: JpegFrame, orientation: number): ImageHeader | undefined {
  const channels = samplings.length
  if (marker > progressive || precision !== 8 || width === 0 || height === 0 || ![1, 3, 4].includes(channels)) return undefined
  const isProgressive = marker === progressive
  return { width, height, orientation, channels, isProgressive, hasAlpha: false, isCmyk: channels === 4, channelBytes: 1 }
}

const blockSide = 8
const sampleBytes = 2

/**
 * Of the whole picture, 0 if it is decoded strip by strip. As libjpeg does: where a later scan may say more of a pixel, which is where
 * the frame is progressive or the first scan has not all channels, every coefficient is kept, in whole blocks and whole units of them.
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
