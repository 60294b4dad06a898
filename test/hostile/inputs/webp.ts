/** WebP by its chunks. */

export type RiffChunk = readonly [type: string, content: Buffer]

export function webp (...chunks: readonly RiffChunk[]): Buffer {
  const body = Buffer.concat(chunks.flatMap(([type, content]) => [
    Buffer.from(type, 'latin1'), uint32(content.length), content, Buffer.alloc(content.length % 2),
  ]))
  return Buffer.concat([Buffer.from('RIFF', 'latin1'), uint32(body.length + 4), Buffer.from('WEBP', 'latin1'), body])
}

/** A lossless stream in which every code has one symbol, so that any number of pixels takes no bits: a complete image in a few bytes. */
export function oneColourVp8l (width: number, height: number): Buffer {
  const bits = new BitWriter()
  bits.write(0x2f, 8)
  bits.write(width - 1, 14)
  bits.write(height - 1, 14)
  bits.write(0, 1 + 3) // no alpha, version 0
  bits.write(0, 1 + 1 + 1) // no transform, no colour cache, one group of codes
  for (let code = 0; code < 5; code++) bits.write(0b0001, 4) // simple, one symbol, of one bit: 0
  return bits.finish()
}

const webpAlphabet = 280
const tileBits = 3

/**
 * A lossless stream, behind its size, of so many groups of codes of one symbol each. Each tile of 8x8 pixels names the next group, at the
 * cost of 16 bits, and takes none itself.
 */
export function codeGroups (width: number, height: number, groups: number): Buffer {
  const bits = new BitWriter()
  bits.write(0, 1 + 1) // no transform, no colour cache
  bits.write(1, 1)
  bits.write(tileBits - 2, 3)
  bits.write(0, 1) // no colour cache in the image of numbers
  for (const symbols of [webpAlphabet, 256]) writeEvenCode(bits, symbols)
  for (let code = 2; code < 5; code++) bits.write(0b0001, 4)
  const tiles = Math.ceil(width / (1 << tileBits)) * Math.ceil(height / (1 << tileBits))
  for (let tile = 0; tile < tiles; tile++) {
    const group = tile % groups
    for (const byte of [group & 0xff, group >> 8]) for (let bit = 7; bit >= 0; bit--) bits.write(byte >> bit, 1)
  }
  for (let code = 0; code < 5 * groups; code++) bits.write(0b0001, 4)
  return bits.finish()
}

/** The first 256 symbols have 8 bits each, the others none. */
function writeEvenCode (bits: BitWriter, symbols: number): void {
  const hasOthers = symbols > 256
  bits.write(0, 1)
  bits.write(12 - 4, 4)
  for (const length of [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8]) bits.write(length === 8 || (length === 18 && hasOthers) ? 1 : 0, 3)
  bits.write(0, 1)
  if (!hasOthers) return
  bits.write(0, 256) // of one bit each: eight bits
  bits.write(1, 1) // zeros
  bits.write(symbols - 256 - 11, 7)
}

export function losslessWebp (width: number, height: number, stream: Buffer): Buffer {
  const size = uint32(((width - 1) | (height - 1) << 14) >>> 0)
  return webp(['VP8L', Buffer.concat([Buffer.from([0x2f]), size, stream])])
}

/** The alpha of a lossy image is a lossless stream. */
export function withAlphaStream (lossy: Buffer, stream: Buffer): Buffer {
  const chunks: RiffChunk[] = []
  for (let at = 12; at < lossy.length;) {
    const [type, length] = [lossy.toString('latin1', at, at + 4), lossy.readUInt32LE(at + 4)]
    chunks.push([type, type === 'ALPH' ? Buffer.concat([Buffer.from([1]), stream]) : lossy.subarray(at + 8, at + 8 + length)])
    at += 8 + length + length % 2
  }
  return webp(...chunks)
}

/** `frameCount` whole frames of an animation without end. */
export function animatedWebp (width: number, height: number, frameCount: number): Buffer {
  const frame = Buffer.concat([
    Buffer.alloc(6), uint24(width - 1), uint24(height - 1), uint24(10), Buffer.from([0]),
    webp(['VP8L', oneColourVp8l(width, height)]).subarray(12),
  ])
  const header = Buffer.concat([Buffer.from([0x02, 0, 0, 0]), uint24(width - 1), uint24(height - 1)])
  return webp(['VP8X', header], ['ANIM', Buffer.alloc(6)], ...Array<RiffChunk>(frameCount).fill(['ANMF', frame]))
}

class BitWriter {
  readonly #bits: number[] = []

  /** Least significant bit first. */
  write (value: number, count: number): void {
    for (let bit = 0; bit < count; bit++) this.#bits.push(bit < 32 ? (value >>> bit) & 1 : 0)
  }

  finish (): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.#bits.length / 8))
    for (const [i, bit] of this.#bits.entries()) bytes[i >> 3]! |= bit << (i & 7)
    return bytes
  }
}

function uint24 (value: number): Buffer {
  return uint32(value).subarray(0, 3)
}

function uint32 (value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
