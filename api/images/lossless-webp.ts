/**
 * The number of Huffman code groups in a lossless WebP stream. Its decoder builds the tables of all groups before the first
 * pixel: 65,536 groups in a file of 300 KB take 370 MB, however small the image is.
 */

/** Largest image inside the stream that is read. Encoders stay far below, and more would hold up the main thread. */
const mostPixelsRead = 2 ** 17
const mostGroups = 2 ** 16

const [subtractGreen, palette] = [2, 3]
const [literals, lengths, distances] = [256, 24, 40]

/**
 * Upper bound of the code groups in a stream.
 *
 * @param stream - The stream behind the size of the image.
 * @returns 0 if the stream is damaged or cut off before its groups begin: decoders stop there as well.
 */
export function countCodeGroups (stream: Uint8Array, width: number, height: number): number {
  try {
    return readGroups(new BitReader(stream), width, height)
  } catch (error) {
    if (error instanceof RangeError) return 0
    throw error
  }
}

function readGroups (bits: BitReader, width: number, height: number): number {
  let codedWidth = width
  /** Largest group number of the tiles; undefined if there are too many to read. */
  const readTiles = (): number | undefined => {
    const side = 1 << (bits.read(3) + 2)
    return readLargest(bits, Math.ceil(codedWidth / side) * Math.ceil(height / side))
  }
  while (bits.read(1) === 1) {
    const transform = bits.read(2)
    if (transform === palette) {
      const colours = bits.read(8) + 1
      readLargest(bits, colours)
      codedWidth = Math.ceil(width / (colours <= 2 ? 8 : colours <= 4 ? 4 : colours <= 16 ? 2 : 1))
    } else if (transform !== subtractGreen && readTiles() === undefined) return mostGroups
  }
  readCacheBits(bits)
  if (bits.read(1) === 0) return 1
  const largest = readTiles()
  return largest === undefined ? mostGroups : largest + 1
}

const readCacheBits = (bits: BitReader): number => bits.read(1) === 1 ? bits.read(4) : 0

/**
 * The largest number in red and green of an image inside the stream: that of a pixel that is written out, since all others repeat
 * one.
 */
function readLargest (bits: BitReader, pixels: number): number | undefined {
  if (pixels > mostPixelsRead) return undefined
  const cacheBits = readCacheBits(bits)
  const greens = literals + lengths + (cacheBits === 0 ? 0 : 1 << cacheBits)
  const [green, red, blue, alpha, distance] =
    [greens, literals, literals, literals, distances].map((symbols) => readCode(bits, symbols)) as [Code, Code, Code, Code, Code]
  let largest = 0
  for (let at = 0; at < pixels; at++) {
    const symbol = bits.readSymbol(green)
    if (symbol < literals) {
      largest = Math.max(largest, bits.readSymbol(red) << 8 | symbol)
      bits.readSymbol(blue)
      bits.readSymbol(alpha)
    } else if (symbol < literals + lengths) {
      at += bits.readNumber(symbol - literals) - 1
      bits.readNumber(bits.readSymbol(distance))
    }
  }
  return largest
}

interface Code {
  /** Number of codes of each length. */
  readonly counts: Uint16Array
  /** Symbols in the order of their codes. */
  readonly symbols: readonly number[]
}

const longestCode = 15
const lengthOrder = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
const [repeatLast, fewZeros] = [16, 17]

function readCode (bits: BitReader, symbols: number): Code {
  if (bits.read(1) === 1) {
    const isPair = bits.read(1) === 1
    const first = bits.read(bits.read(1) === 1 ? 8 : 1)
    return isPair ? { counts: Uint16Array.of(0, 2), symbols: [first, bits.read(8)].sort((a, b) => a - b) } : codeOf([first])
  }
  const codeLengthLengths = Array<number>(lengthOrder.length).fill(0)
  for (const place of lengthOrder.slice(0, bits.read(4) + 4)) codeLengthLengths[place] = bits.read(3)
  const lengthCode = makeCode(codeLengthLengths)
  let left = bits.read(1) === 1 ? 2 + bits.read(2 + 2 * bits.read(3)) : symbols
  const codeLengths: number[] = []
  for (let last = 8; codeLengths.length < symbols && left > 0; left--) {
    const length = bits.readSymbol(lengthCode)
    if (length < repeatLast) {
      codeLengths.push(length)
      if (length > 0) last = length
    } else {
      const times = length === repeatLast ? 3 + bits.read(2) : length === fewZeros ? 3 + bits.read(3) : 11 + bits.read(7)
      for (let i = 0; i < times; i++) codeLengths.push(length === repeatLast ? last : 0)
    }
  }
  return makeCode(codeLengths)
}

/** The code with one symbol, which takes no bits. */
const codeOf = (symbols: readonly number[]): Code => ({ counts: new Uint16Array(longestCode + 1), symbols })

function makeCode (codeLengths: readonly number[]): Code {
  const used = [...codeLengths.keys()].filter((symbol) => codeLengths[symbol]! > 0)
  if (used.length === 1) return codeOf(used)
  const counts = new Uint16Array(longestCode + 1)
  for (const symbol of used) counts[codeLengths[symbol]!]!++
  return { counts, symbols: used.sort((a, b) => codeLengths[a]! - codeLengths[b]! || a - b) }
}

/** Reader of bits; the least significant bit of each byte comes first. */
class BitReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor (bytes: Uint8Array) {
    this.#bytes = bytes
  }

  read (count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) value |= this.#readBit() << i
    return value
  }

  readSymbol ({ counts, symbols }: Code): number {
    if (symbols.length === 1) return symbols[0]!
    for (let length = 1, code = 0, first = 0, place = 0; length <= longestCode; length++) {
      code |= this.#readBit()
      const count = counts[length]!
      if (code - first < count) return symbols[place + code - first]!
      place += count
      first = (first + count) << 1
      code <<= 1
    }
    throw new RangeError('Expected a code of the table.')
  }

  /** A length or distance, from its symbol and the bits that follow. */
  readNumber (symbol: number): number {
    if (symbol < 4) return symbol + 1
    const count = (symbol - 2) >> 1
    return ((2 + (symbol & 1)) << count) + this.read(count) + 1
  }

  #readBit (): number {
    const byte = this.#bytes[this.#at >> 3]
    if (byte === undefined) throw new RangeError('Expected more bits.')
    return byte >> (this.#at++ & 7) & 1
  }
}
