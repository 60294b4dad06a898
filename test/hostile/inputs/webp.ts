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
    for (let bit = 0; bit < count; bit++) this.#bits.push((value >>> bit) & 1)
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
