/**
 * Removal of everything but the pixels and the orientation from an image file, so that the native readers of EXIF, XMP, colour
 * profiles, texts and later frames never see untrusted bytes: 80 KB of EXIF that points to itself keep libexif busy for 25 s,
 * 1.6 MB of tiny WebP frames keep libvips busy for 20 s, and neither can be interrupted.
 */
import { crc32 } from 'node:zlib'
import type { ImageHeader } from './image-header.ts'
import { coefficientBytes, headerOf, isFrame, readFrame, type JpegFrame } from './jpeg-frame.ts'
import { tableBytes } from './webp-tables.ts'

export type ImageFormat = 'JPEG' | 'PNG' | 'WebP' | 'AVIF'

export interface Stripped {
  /** The file: as long as the image or shorter, up to an orientation. */
  readonly file: Buffer
  /** Header of the image, where the walk met it: of a JPEG that libvips can read. */
  readonly header?: ImageHeader
  /** Bytes that the decoder keeps before the first row, besides pixels: coefficients of a JPEG, tables of a lossless WebP. */
  readonly decoderBytes?: number
}

/**
 * Strips an image to its pixels and orientation. What the walk cannot follow is left out, so that a damaged file stays damaged.
 *
 * @param image - A file of this format by its first bytes; it is not modified.
 */
export function stripMetadata (image: Buffer, format: ImageFormat): Stripped {
  switch (format) {
    case 'JPEG': return stripJpegMetadata(image)
    case 'PNG': return { file: stripPngMetadata(image) }
    case 'WebP': {
      const file = stripWebpMetadata(image)
      return { file, decoderBytes: tableBytes(file) }
    }
    case 'AVIF': return { file: stripAvifMetadata(image) }
  }
}

/** The ranges that are kept of a file; adjacent ones are merged, since a hostile file has a million chunks. */
class Selection {
  readonly #image: Buffer
  readonly #pieces: Buffer[] = []
  #start = 0
  #end = 0

  constructor (image: Buffer) {
    this.#image = image
  }

  keep (start: number, end: number): void {
    if (start !== this.#end) {
      this.#flush()
      this.#start = start
    }
    this.#end = end
  }

  add (bytes: Buffer): void {
    this.#flush()
    this.#start = this.#end
    this.#pieces.push(bytes)
  }

  toBuffer (): Buffer {
    this.#flush()
    return this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces)
  }

  #flush (): void {
    if (this.#end > this.#start) this.#pieces.push(this.#image.subarray(this.#start, this.#end))
  }
}

/** A chunk's type as the number in the file. */
const fourCC = (type: string): number => Buffer.from(type, 'latin1').readUInt32BE()

const exifMark = Buffer.from('Exif\0\0', 'latin1')
const withoutExifMark = (exif: Buffer): Buffer => exif.subarray(0, exifMark.length).equals(exifMark) ? exif.subarray(exifMark.length) : exif

const jfif = 0xe0
const exif = 0xe1
/** Marker of the segment that tells how colours and inks are stored. */
const adobe = 0xee
const lastApplication = 0xef
const comment = 0xfe
const startOfScan = 0xda
const standsAlone = (marker: number): boolean => marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)

function stripJpegMetadata (image: Buffer): Stripped {
  const selection = new Selection(image)
  selection.keep(0, 2)
  let orientation: number | undefined
  let frame: JpegFrame | undefined
  let scanChannels = 0
  for (let at = 2; ;) {
    // Bytes that are no marker are skipped, and a marker may follow any number of 0xff, as in libjpeg.
    at = image.indexOf(0xff, at)
    if (at === -1) break
    while (image[at] === 0xff) at++
    const marker = image[at++]
    if (marker === undefined) break
    if (standsAlone(marker)) continue
    if (marker === startOfScan || at + 2 > image.length) {
      scanChannels = image[at + 2] ?? 0
      selection.keep(at - 2, image.length)
      break
    }
    const end = Math.min(image.length, at + Math.max(2, image.readUInt16BE(at)))
    if (isFrame(marker)) frame ??= readFrame(marker, image.subarray(at + 2, end))
    const isMetadata = marker === comment || (marker > jfif && marker <= lastApplication && marker !== adobe)
    if (!isMetadata) selection.keep(at - 2, end)
    else if (marker === exif && orientation === undefined && image.subarray(at + 2, at + 2 + exifMark.length).equals(exifMark)) {
      orientation = readOrientation(image.subarray(at + 2 + exifMark.length, end))
      const tiff = writeOrientation(orientation)
      selection.add(Buffer.concat([Buffer.from([0xff, exif, 0, 2 + exifMark.length + tiff.length]), exifMark, tiff]))
    }
    at = end
  }
  const header = frame && headerOf(frame, orientation ?? 1)
  return {
    file: selection.toBuffer(),
    ...(header !== undefined && { header }),
    ...(frame !== undefined && { decoderBytes: coefficientBytes(frame, scanChannels) }),
  }
}

const pngSignatureBytes = 8
const pngPixelChunks = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'].map(fourCC))
const pngExif = fourCC('eXIf')

function stripPngMetadata (image: Buffer): Buffer {
  const selection = new Selection(image)
  selection.keep(0, pngSignatureBytes)
  let isOriented = false
  for (let at = pngSignatureBytes; at + 8 <= image.length;) {
    const type = image.readUInt32BE(at + 4)
    const end = Math.min(image.length, at + 12 + image.readUInt32BE(at))
    if (pngPixelChunks.has(type)) selection.keep(at, end)
    else if (type === pngExif && !isOriented) {
      isOriented = true
      selection.add(pngChunk('eXIf', writeOrientation(readOrientation(image.subarray(at + 8, end - 4)))))
    }
    at = end
  }
  return selection.toBuffer()
}

function pngChunk (type: string, content: Buffer): Buffer {
  const chunk = Buffer.concat([Buffer.alloc(4), Buffer.from(type, 'latin1'), content, Buffer.alloc(4)])
  chunk.writeUInt32BE(content.length, 0)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4)
  return chunk
}

const riffHeaderBytes = 12
const webpPixelChunks = new Set(['VP8 ', 'VP8L', 'ALPH', 'ANIM'].map(fourCC))
const webpExtended = fourCC('VP8X')
const webpFrame = fourCC('ANMF')
const webpExif = fourCC('EXIF')
/** Flags of VP8X: a colour profile, and XMP. */
const metadataFlags = 0x20 | 0x04

function stripWebpMetadata (image: Buffer): Buffer {
  const declaredEnd = image.length < riffHeaderBytes ? 0 : 8 + image.readUInt32LE(4)
  const selection = new Selection(image)
  let hasFrame = false
  let isOriented = false
  let at = riffHeaderBytes
  while (at < declaredEnd && at + 8 <= image.length) {
    const type = image.readUInt32BE(at)
    const length = image.readUInt32LE(at + 4)
    const end = at + 8 + length + length % 2
    if (webpPixelChunks.has(type) || (type === webpFrame && !hasFrame)) selection.keep(at, Math.min(end, image.length))
    else if (type === webpExtended && length > 0) {
      const extended = Buffer.from(image.subarray(at, end))
      extended[8]! &= ~metadataFlags
      selection.add(extended)
    } else if (type === webpExif && !isOriented) {
      isOriented = true
      selection.add(webpChunk('EXIF', writeOrientation(readOrientation(withoutExifMark(image.subarray(at + 8, end))))))
    }
    hasFrame ||= type === webpFrame
    at = end
  }
  const isWhole = at === declaredEnd && declaredEnd <= image.length
  const header = Buffer.from(image.subarray(0, riffHeaderBytes))
  const file = Buffer.concat([header, selection.toBuffer()])
  // A file that was cut off still declares more than it has.
  if (file.length >= riffHeaderBytes) file.writeUInt32LE(isWhole ? file.length - 8 : file.length, 4)
  return file
}

function webpChunk (type: string, content: Buffer): Buffer {
  const chunk = Buffer.concat([Buffer.from(type, 'latin1'), Buffer.alloc(4), content])
  chunk.writeUInt32LE(content.length, 4)
  return chunk
}

const itemEntry = Buffer.from('infe', 'latin1')
const metadataItems = new Set(['exif', 'mime'])
/** A type that no reader knows, as long as the others, so that nothing moves in the file. */
const unknownItem = Buffer.from('skip', 'latin1')
const fileType = Buffer.from('ftyp', 'latin1')
const shortFormCodecs = new Set(['avif', 'heic'])

/**
 * Hides the metadata items of an AVIF file. Metadata are items like any other, told apart by the type in their entry. The short
 * form has its EXIF in no entry, and names its codec in place of a minor version: without that it cannot be read. Both are
 * searched for instead of walked to, so that no box can lead past one. The orientation is in boxes of its own.
 */
function stripAvifMetadata (image: Buffer): Buffer {
  const file = Buffer.from(image)
  const wordAt = (at: number): string => file.toString('latin1', at, at + 4)
  for (const at of findAll(image, itemEntry)) {
    const typeAt = at + 12 + (image[at + 4]! > 2 ? 2 : 0)
    // libvips ignores the case of a type's letters.
    if (metadataItems.has(wordAt(typeAt).toLowerCase())) unknownItem.copy(file, typeAt)
  }
  for (const at of findAll(image, fileType)) {
    if (shortFormCodecs.has(wordAt(at + 8))) file.fill(0, at + 8, at + 12)
  }
  return file
}

function * findAll (bytes: Buffer, word: Buffer): Generator<number> {
  for (let at = bytes.indexOf(word); at !== -1; at = bytes.indexOf(word, at + word.length)) yield at
}

const orientationTag = 0x0112
const short = 3
const long = 4
const entryBytes = 12

/** Orientation of EXIF without its `Exif` mark: 1 to 8; 1, upright, if nothing in it can be understood. */
export function readOrientation (tiff: Buffer): number {
  const isLittleEndian = tiff.toString('latin1', 0, 4) === 'II*\0'
  if (tiff.length < 10 || (!isLittleEndian && tiff.toString('latin1', 0, 4) !== 'MM\0*')) return 1
  const uint16 = (at: number): number => isLittleEndian ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at)
  const uint32 = (at: number): number => isLittleEndian ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at)

  const directory = uint32(4)
  if (directory + 2 > tiff.length) return 1
  const first = directory + 2
  const count = Math.min(uint16(directory), Math.floor((tiff.length - first) / entryBytes))
  for (let at = first; at < first + count * entryBytes; at += entryBytes) {
    if (uint16(at) !== orientationTag) continue
    const type = uint16(at + 2)
    const orientation = type === short ? uint16(at + 8) : type === long ? uint32(at + 8) : 1
    return orientation >= 1 && orientation <= 8 ? orientation : 1
  }
  return 1
}

/** A TIFF directory with `orientation` and nothing else. */
export function writeOrientation (orientation: number): Buffer {
  const tiff = Buffer.from('MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0', 'latin1')
  tiff.writeUInt16BE(orientation, 18)
  return tiff
}
