/** The image formats that can be accepted, how each is recognised, and what its decoder keeps. */
import sharp from 'sharp'
import type { ImageFormatName } from '../config.ts'
import { ServiceError } from '../errors.ts'
import type { ImageHeader } from './image-header.ts'
import { stripMetadata, type Stripped } from './strip-metadata.ts'

export interface ImageFormat {
  readonly title: string
  readonly mediaType: string
  /** Whether the first bytes are of this format; the client's name and type of an image decide nothing. */
  readonly matches: (bytes: Buffer) => boolean
  /** Removes what no decoder should see. */
  readonly stripMetadata: (bytes: Buffer) => Stripped
  /** Name of libvips' loader. */
  readonly loader: string
  /**
   * Bytes per pixel that the decoder keeps of the whole image, besides a JPEG's coefficients; 0 if it decodes strip by strip.
   * Measured: test/api/pipeline/decode-bytes.
   */
  readonly bytesPerPixel: (header: ImageHeader) => number
}

const startsWith = (bytes: Buffer, text: string, at = 0): boolean => bytes.subarray(at, at + text.length).toString('latin1') === text

export const imageFormats = {
  jpeg: {
    title: 'JPEG',
    mediaType: 'image/jpeg',
    matches: (bytes) => startsWith(bytes, '\xff\xd8\xff'),
    stripMetadata: (bytes) => stripMetadata(bytes, 'JPEG'),
    loader: 'VipsForeignLoadJpegBuffer',
    bytesPerPixel: () => 0,
  },
  png: {
    title: 'PNG',
    mediaType: 'image/png',
    matches: (bytes) => startsWith(bytes, '\x89PNG\r\n\x1a\n'),
    stripMetadata: (bytes) => stripMetadata(bytes, 'PNG'),
    loader: 'VipsForeignLoadPngBuffer',
    bytesPerPixel: ({ isProgressive, channels, channelBytes }) => isProgressive ? channels * channelBytes : 0,
  },
  webp: {
    title: 'WebP',
    mediaType: 'image/webp',
    matches: (bytes) => startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8),
    stripMetadata: (bytes) => stripMetadata(bytes, 'WebP'),
    loader: 'VipsForeignLoadWebpBuffer',
    bytesPerPixel: () => 8,
  },
  avif: {
    title: 'AVIF',
    mediaType: 'image/avif',
    matches: (bytes) => startsWith(bytes, 'ftypavif', 4) || startsWith(bytes, 'ftypavis', 4),
    stripMetadata: (bytes) => stripMetadata(bytes, 'AVIF'),
    loader: 'VipsForeignLoadHeifBuffer',
    bytesPerPixel: () => 20,
  },
  gif: {
    title: 'GIF',
    mediaType: 'image/gif',
    matches: (bytes) => startsWith(bytes, 'GIF8'),
    stripMetadata: (file) => ({ file }),
    loader: 'VipsForeignLoadNsgifBuffer',
    bytesPerPixel: () => 8,
  },
} as const satisfies Record<ImageFormatName, ImageFormat>

/** The formats of a list. @param names - Separated by commas; valid, since the configuration was checked. */
export function parseFormats (names: string): ImageFormatName[] {
  return names.split(',') as ImageFormatName[]
}

/** Blocks libvips' parsers of all other formats: fewer that a hostile file can reach, and fewer that sniff each image. */
export function acceptFormats (names: readonly ImageFormatName[]): void {
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: names.map((name) => imageFormats[name].loader) })
}

/** @throws `empty_body` or `unsupported_media` if the bytes start like none of the accepted formats. */
export function sniffFormat (bytes: Buffer, accepted: readonly ImageFormatName[]): ImageFormat {
  if (bytes.length === 0) throw new ServiceError('empty_body', 'Expected an image, got 0 bytes.')
  const name = accepted.find((candidate) => imageFormats[candidate].matches(bytes))
  if (name !== undefined) return imageFormats[name]
  const titles = new Intl.ListFormat('en', { type: 'disjunction' }).format(accepted.map((candidate) => imageFormats[candidate].title))
  throw new ServiceError('unsupported_media', `Expected a ${titles} image, got bytes that start like none of them.`)
}
