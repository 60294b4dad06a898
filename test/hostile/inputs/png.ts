/** PNG by its chunks: what no encoder would write. */
import { crc32, deflateSync } from 'node:zlib'

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

export type Chunk = readonly [type: string, content: Buffer | string]

/** Chunks with true lengths and checksums, behind the signature. */
export function png (chunks: readonly Chunk[]): Buffer {
  return Buffer.concat([signature, ...chunks.map(([type, content]) => {
    const typed = Buffer.concat([Buffer.from(type, 'latin1'), Buffer.from(content as string, 'latin1')])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(typed.length - 4)
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32BE(crc32(typed))
    return Buffer.concat([length, typed, checksum])
  })])
}

export interface PngHeader { width: number, height: number, bitDepth?: number, colourType?: number, interlace?: number }

export function ihdr ({ width, height, bitDepth = 8, colourType = 2, interlace = 0 }: PngHeader): Chunk {
  const content = Buffer.alloc(13)
  content.writeUInt32BE(width, 0)
  content.writeUInt32BE(height, 4)
  content.set([bitDepth, colourType, 0, 0, interlace], 8)
  return ['IHDR', content]
}

export const iend: Chunk = ['IEND', '']

/** A black image of one bit per pixel, complete: its size on the wire is about a thousandth of its pixels' bits. */
export function oneBitPng (width: number, height: number): Buffer {
  const rows = Buffer.alloc((1 + Math.ceil(width / 8)) * height)
  return png([ihdr({ width, height, bitDepth: 1, colourType: 0 }), ['IDAT', deflateSync(rows, { level: 1 })], iend])
}

/** `image` with chunks behind its header, where metadata is. */
export function withChunks (image: Buffer, chunks: readonly Chunk[]): Buffer {
  const headerEnd = signature.length + 25
  return Buffer.concat([image.subarray(0, headerEnd), png(chunks).subarray(signature.length), image.subarray(headerEnd)])
}

/** Text that says it is `bytes` long, compressed to a thousandth. */
export function compressedText (bytes: number): Buffer {
  return Buffer.concat([Buffer.from('Comment\0\0', 'latin1'), deflateSync(Buffer.alloc(bytes, 'a'))])
}

/** An embedded colour profile chunk of these profile bytes. */
export function iccProfile (profile: Buffer): Chunk {
  return ['iCCP', Buffer.concat([Buffer.from('profile\0\0', 'latin1'), deflateSync(profile)])]
}
