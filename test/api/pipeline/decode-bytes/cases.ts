/** One file of every structure that decoders keep in memory in a way of its own. */
import { deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import type { ImageFormatName } from '../../../../api/config.ts'
import { handMadeJpeg, type HandMadeJpeg } from '../../../hostile/inputs/hand-made-jpeg.ts'
import { exifEntry, exifSegment, tiffOf, withSegments } from '../../../hostile/inputs/jpeg.ts'
import { iend, ihdr, png, withChunks, type Chunk } from '../../../hostile/inputs/png.ts'
import { animatedWebp, codeGroups, losslessWebp, oneColourVp8l, webp, withAlphaStream } from '../../../hostile/inputs/webp.ts'

export interface Size { readonly width: number, readonly height: number }

export interface DecodeCase {
  readonly name: string
  readonly format: ImageFormatName
  readonly make: (size: Size) => Buffer | Promise<Buffer>
}

const [extended, progressive, lossless, arithmetic, arithmeticProgressive] = [0xc1, 0xc2, 0xc3, 0xc9, 0xca]
const grey = [0x11]
const halved = [0x22, 0x11, 0x11]
const inks = [0x11, 0x11, 0x11, 0x11]
const apart = [[1], [2], [3]]
const inksApart = [...apart, [4]]

const jpegs: Record<string, Omit<HandMadeJpeg, keyof Size>> = {
  baseline: {},
  'baseline 4:2:0': { samplings: halved },
  'baseline grey': { samplings: grey },
  'baseline grey of 2x2 samples': { samplings: [0x22] },
  'baseline inks': { samplings: inks },
  'channels in scans of their own': { scans: apart },
  'the first channel alone, then two': { scans: [[1], [2, 3]] },
  'one channel of three': { scans: [[1]] },
  '4:2:0 in scans': { samplings: halved, scans: apart },
  '4:1:1 in scans': { samplings: [0x41, 0x11, 0x11], scans: apart },
  '4:4:0 in scans': { samplings: [0x12, 0x11, 0x11], scans: apart },
  'three samples across in scans': { samplings: [0x31, 0x11, 0x11], scans: apart },
  'four samples each way in scans': { samplings: [0x44, 0x44, 0x44], scans: apart },
  'more chrominance than luminance in scans': { samplings: [0x11, 0x22, 0x22], scans: apart },
  'inks in scans': { samplings: inks, scans: inksApart },
  'inks at half resolution in scans': { samplings: [0x22, 0x11, 0x11, 0x22], scans: inksApart },
  'two channels in scans': { samplings: [0x11, 0x11], scans: [[1], [2]] },
  'extended, in scans': { marker: extended, scans: apart },
  '12 bits in scans': { marker: extended, precision: 12, scans: apart },
  progressive: { marker: progressive },
  'progressive 4:2:0': { marker: progressive, samplings: halved },
  'progressive grey': { marker: progressive, samplings: grey },
  'progressive inks': { marker: progressive, samplings: inks },
  arithmetic: { marker: arithmetic },
  'arithmetic in scans': { marker: arithmetic, scans: apart },
  'arithmetic progressive': { marker: arithmeticProgressive },
  lossless: { marker: lossless },
  'lossless in scans': { marker: lossless, scans: apart },
  'lossless of 12 bits in scans': { marker: lossless, precision: 12, scans: apart },
}

const turned = (orientation: number): Buffer => exifEntry(0x0112, 3, 1, orientation << 16)

const turnedJpegs: Record<string, Omit<HandMadeJpeg, keyof Size>> = {
  baseline: {}, 'inks in scans': { samplings: inks, scans: inksApart }, progressive: { marker: progressive },
}

/** Columns and rows of the passes of an interlaced PNG: first, and steps. */
const passes = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]] as const
const wholePicture = [[0, 0, 1, 1]] as const
const channelsOfType = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const

interface PngKind { readonly type: keyof typeof channelsOfType, readonly depth: number, readonly transparent?: boolean }

/** Black, complete. */
function blackPng ({ width, height }: Size, { type, depth, transparent = false }: PngKind, isInterlaced: boolean): Buffer {
  const bytes = (isInterlaced ? passes : wholePicture).reduce((sum, [x, y, across, down]) =>
    sum + Math.ceil((height - y) / down) * (1 + Math.ceil((Math.ceil((width - x) / across) * depth * channelsOfType[type]) / 8)), 0)
  const palette: Chunk[] = type === 3 ? [['PLTE', Buffer.alloc(6)]] : []
  const transparency: Chunk[] = transparent ? [['tRNS', Buffer.alloc(type === 3 ? 1 : 2 * channelsOfType[type])]] : []
  const header = ihdr({ width, height, bitDepth: depth, colourType: type, interlace: Number(isInterlaced) })
  return png([header, ...palette, ...transparency, ['IDAT', deflateSync(Buffer.alloc(bytes), { level: 1 })], iend])
}

const pngs: Record<string, PngKind> = {
  'of one bit': { type: 0, depth: 1 },
  grey: { type: 0, depth: 8 },
  'grey of 16 bits': { type: 0, depth: 16 },
  'grey and transparent': { type: 0, depth: 8, transparent: true },
  RGB: { type: 2, depth: 8 },
  'RGB of 16 bits': { type: 2, depth: 16 },
  'of two colours': { type: 3, depth: 1 },
  'of a palette': { type: 3, depth: 8 },
  'of a transparent palette': { type: 3, depth: 8, transparent: true },
  'grey with alpha': { type: 4, depth: 8 },
  'grey with alpha of 16 bits': { type: 4, depth: 16 },
  RGBA: { type: 6, depth: 8 },
  'RGBA of 16 bits': { type: 6, depth: 16 },
}

const flat = ({ width, height }: Size, alpha?: number): Sharp =>
  sharp({ create: { width, height, channels: alpha === undefined ? 3 : 4, background: { r: 9, g: 99, b: 90, alpha: alpha ?? 1 } } })

/** Every frame is to be undone. */
async function undoneGif (size: Size): Promise<Buffer> {
  const file = await flat(size).gif({ effort: 1 }).toBuffer()
  const control = file.indexOf(Buffer.from([0x21, 0xf9, 0x04]))
  if (control === -1) throw new Error('Expected a graphic control extension in the GIF.')
  file[control + 3] = 3 << 2
  return file
}

const others: ReadonlyArray<readonly [ImageFormatName, string, DecodeCase['make']]> = [
  ['webp', 'lossless', ({ width, height }) => webp(['VP8L', oneColourVp8l(width, height)])],
  ['webp', 'lossless of 20,000 codes', ({ width, height }) => losslessWebp(width, height, codeGroups(width, height, 20_000))],
  ['webp', 'lossy with alpha of 20,000 codes', async (size) =>
    withAlphaStream(await flat(size, 0.5).webp({ effort: 0 }).toBuffer(), codeGroups(size.width, size.height, 20_000))],
  ['webp', 'animated', ({ width, height }) => animatedWebp(width, height, 3)],
  ['webp', 'lossy', async (size) => await flat(size).webp({ effort: 0 }).toBuffer()],
  ['webp', 'lossy with alpha', async (size) => await flat(size, 0.5).webp({ effort: 0 }).toBuffer()],
  ['webp', 'lossless with alpha', async (size) => await flat(size, 0.5).webp({ effort: 0, lossless: true }).toBuffer()],
  ['gif', 'of one frame', async (size) => await flat(size).gif({ effort: 1 }).toBuffer()],
  ['gif', 'of a frame that is undone', undoneGif],
  ['avif', '4:2:0', async (size) => await flat(size).avif({ effort: 0, chromaSubsampling: '4:2:0' }).toBuffer()],
  ['avif', '4:4:4', async (size) => await flat(size).avif({ effort: 0 }).toBuffer()],
  ['avif', 'with alpha', async (size) => await flat(size, 0.5).avif({ effort: 0 }).toBuffer()],
]

export const decodeCases: readonly DecodeCase[] = [
  ...Object.entries(jpegs).map(([name, kind]): DecodeCase => ({ name: `JPEG, ${name}`, format: 'jpeg', make: (size) => handMadeJpeg({ ...size, ...kind }) })),
  ...[3, 6].flatMap((orientation) => Object.entries(turnedJpegs).map(([name, kind]): DecodeCase => ({
    name: `JPEG, ${name}, orientation ${orientation}`,
    format: 'jpeg',
    make: (size) => withSegments(handMadeJpeg({ ...size, ...kind }), exifSegment([turned(orientation)], 0)),
  }))),
  ...Object.entries(pngs).flatMap(([name, kind]) => [false, true].flatMap((isInterlaced): DecodeCase[] => {
    const make = (size: Size): Buffer => blackPng(size, kind, isInterlaced)
    const title = `PNG ${name}${isInterlaced ? ', interlaced' : ''}`
    const isTurned = kind.type === 2 || kind.type === 6
    return [
      { name: title, format: 'png', make },
      ...(isTurned ? [{ name: `${title}, orientation 6`, format: 'png' as const, make: (size: Size) => withChunks(make(size), [['eXIf', tiffOf([turned(6)], 0)]]) }] : []),
    ]
  })),
  ...others.map(([format, name, make]): DecodeCase => ({ name: `${format} ${name}`, format, make })),
]
