/** The codes of one Huffman table of a JPEG. */

const longestCode = 16
/** Length in bits up to which codes are looked up; longer ones are rare and searched for. */
export const lookupBits = 11

export interface HuffmanCodes {
  /** Lookup by the next bits: `length | symbol << 8`; 0 if the code is longer. */
  readonly lookup: Uint16Array
  /** Upper bound of the codes of each length, padded with zeros to `longestCode` bits. */
  readonly limits: Int32Array
  /** Difference between a code of each length and the place of its symbol. */
  readonly offsets: Int32Array
  readonly symbols: Uint8Array
}

/** Cache of tables: most JPEGs have those of the standard's examples. */
const known = new Map<string, HuffmanCodes | undefined>()
const mostKnown = 64

/**
 * Builds the codes of a table.
 *
 * @param table - Number of codes of each length, then the symbols in the order of their codes.
 * @returns undefined if the lengths do not allow so many codes, or if a code is all ones, which is reserved.
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
 * Finds a code that `lookup` does not have.
 *
 * @param bits - The next 16 bits.
 * @returns `length | symbol << 8`; 0 if there is no such code.
 */
export function searchCode ({ limits, offsets, symbols }: HuffmanCodes, bits: number): number {
  for (let length = lookupBits + 1; length <= longestCode; length++) {
    if (bits < limits[length]!) return length | symbols[(bits >> (longestCode - length)) + offsets[length]!]! << 8
  }
  return 0
}
