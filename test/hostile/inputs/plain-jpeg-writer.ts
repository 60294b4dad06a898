/** Plain JPEGs by their coefficients, also such as no encoder would write: 4:4:4, a DC code has 4 bits, an AC code 8. */
import { segment } from './jpeg.ts'

/** In the order of the file: the difference of the first coefficient, then how many zeros before each other one, and its value. */
export interface Block { readonly dc: number, readonly ac?: ReadonlyArray<readonly [zeros: number, value: number]> }

const dcSymbols = 12
const acSymbols = 255

export interface FastJpegContent {
  /** Blocks across and down. */
  readonly side: number
  readonly quantiser: number
  /** Three of each unit. */
  readonly blocks: readonly Block[]
  /** Bytes between the segments and the scan. */
  readonly extra?: Buffer
  /** Bits behind the last block. */
  readonly behind?: string
}

export function plainJpeg ({ side, quantiser, blocks, extra = Buffer.alloc(0), behind = '' }: FastJpegContent): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt16BE(side * 8, 0)
  size.writeUInt16BE(side * 8, 2)
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, Buffer.from([0, ...Array(64).fill(quantiser)])),
    segment(0xc0, Buffer.from([8, ...size, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])),
    segment(0xc4, Buffer.from([0x00, ...lengths(4, dcSymbols), ...Array(dcSymbols).keys()])),
    segment(0xc4, Buffer.from([0x10, ...lengths(8, acSymbols), ...Array(acSymbols).keys()])),
    extra,
    segment(0xda, Buffer.from([3, 1, 0, 2, 0, 3, 0, 0, 63, 0])),
    toBytes(blocks.map(encodeBlock).join('') + behind),
    Buffer.from([0xff, 0xd9]),
  ])
}

const lengths = (length: number, count: number): number[] => Array.from({ length: 16 }, (_, i) => i + 1 === length ? count : 0)

const binary = (value: number, length: number): string => length === 0 ? '' : value.toString(2).padStart(length, '0')

const sizeOf = (value: number): number => 32 - Math.clz32(Math.abs(value))

/** The bits behind a symbol. */
const magnitude = (value: number): string => binary(value < 0 ? value + 2 ** sizeOf(value) - 1 : value, sizeOf(value))

const endOfBlock = binary(0, 8)

function encodeBlock ({ dc, ac = [] }: Block): string {
  const values = ac.map(([zeros, value]) => binary(zeros << 4 | sizeOf(value), 8) + magnitude(value)).join('')
  const places = ac.reduce((sum, [zeros]) => sum + zeros + 1, 0)
  return binary(sizeOf(dc), 4) + magnitude(dc) + values + (places === 63 ? '' : endOfBlock)
}

function toBytes (bits: string): Buffer {
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1')
  return Buffer.from((whole.match(/.{8}/g) ?? []).flatMap((byte) => byte === '11111111' ? [0xff, 0] : [parseInt(byte, 2)]))
}
