/** The codes of a Huffman table of a JPEG. */

const longestCode = 16
/** Codes of so many bits are looked up, longer ones are rare and searched for. */
export const lookupBits = 11

export interface HuffmanCodes {
  /** By the next bits: the length of their code and above that its symbol, `length | symbol << 8`; 0 if it is longer. */
  readonly lookup: Uint16Array
  /** By length: above the last code of it, with zeros behind it to `longestCode` bits. */
  readonly limits: Int32Array
  /** By length: what has to be added to a code to get the place of its symbol. */
  readonly offsets: Int32Array
  readonly symbols: Uint8Array
}

/** Most photos have the tables of the standard's examples. */
const known = new Map<string, HuffmanCodes | undefined>()
const mostKnown = 64

/**
 * @param table - How many codes have each length, and the symbols in the order of their codes.
 * @returns undefined if there are more codes than such lengths allow, or one of ones alone, which is reserved.
 */
export function readHuffmanCodes (table: Buffer): HuffmanCodes | undefined {
  const key = table.toString('latin1')
  if (!known.has(key)) {
    if (known.size === mostKnown) known.clear()
    known.set(key, makeCodes(Buffer.from(table)))
  }
  return known.get(key)
}

function makeCodes (table: Buffer): HuffmanCodes | undefined {
  const symbols = table.subarray(longestCode)
  const lookup = new Uint16Array(1 << lookupBits)
  const [limits, offsets] = [new Int32Array(longestCode + 1), new Int32Array(longestCode + 1)]
  let place = 0
  for (let length = 1, code = 0; length <= longestCode; length++, code <<= 1) {
    offsets[length] = place - code
    for (let left = table[length - 1]!; left > 0; left--, code++, place++) {
      const shift = lookupBits - length
      if (shift >= 0) lookup.fill(length | symbols[place]! << 8, code << shift, (code + 1) << shift)
    }
    if (code >= 1 << length) return undefined
    limits[length] = code << (longestCode - length)
  }
  return { lookup, limits, offsets, symbols }
}

/**
 * For a code that `lookup` does not have.
 *
 * @param bits - The next 16.
 * @returns As `lookup` has it; 0 if there is no such code.
 */
export function searchCode ({ limits, offsets, symbols }: HuffmanCodes, bits: number): number {
  for (let length = lookupBits + 1; length <= longestCode; length++) {
    if (bits < limits[length]!) return length | symbols[(bits >> (longestCode - length)) + offsets[length]!]! << 8
  }
  return 0
}
