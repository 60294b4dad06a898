/**
 * Checks that every decoder would decode a scan alike: each block of the image is there, nothing else is, and no number is so
 * large that 16-bit and 32-bit arithmetic would differ. Decoders fill and clamp everything else each in their own way. Only
 * lengths and the values of few coefficients are read: docs/decisions/0031 has the cost.
 */
import { lookupBits, readHuffmanCodes, searchCode, type HuffmanCodes } from './huffman-codes.ts'
import { readFastJpegHead, type FastJpegChannel } from './fast-jpeg-head.ts'

const blockSide = 8
const coefficients = 64
/** Largest number of bits of a DC difference and of an AC coefficient in a baseline JPEG. */
const [mostDcBits, mostAcBits] = [11, 10]
/**
 * Largest sum of a column's coefficients times their quantisers: libjpeg's transform multiplies it by up to 5.55 and stores it in
 * 16 bits. Its second pass has 32 bits for all columns, which is enough. Coefficients are at most 1024, few above a hundred.
 */
const maxColumnSum = 5893
/** The part of that sum left to coefficients too small to be examined. */
const maxSmallSum = 2500
const maxLargeSum = maxColumnSum - maxSmallSum

interface Channel {
  readonly blocks: number
  readonly quantisers: Uint8Array
  readonly dc: HuffmanCodes
  readonly ac: HuffmanCodes
  /** Steps by the next bits: one or two small coefficients or the end of the block, as `stepOf` packs them; 0: look closer. */
  readonly steps: Uint16Array
  previousDc: number
}

const endOfBlock = 0
const sixteenZeros = 0xf0

const lookupMask = (1 << lookupBits) - 1
/** Packs a step: how many bits it has, how many places it advances, and whether the block ends there. */
const stepOf = (bits: number, places: number, isEnd: number): number => bits | places << 5 | isEnd << 12
const bitsOf = (step: number): number => step & 31
const placesOf = (step: number): number => step >> 5 & 127
const isEndOf = (step: number): number => step >> 12

function readChannel ({ sampling, quantisers, dc, ac }: FastJpegChannel): Channel | undefined {
  const [dcCodes, acCodes] = [readHuffmanCodes(dc), readHuffmanCodes(ac)]
  if (dcCodes === undefined || acCodes === undefined) return undefined
  return {
    blocks: (sampling >> 4) * (sampling & 15),
    quantisers,
    dc: dcCodes,
    ac: acCodes,
    steps: stepsOf(acCodes, mostSmallBits(quantisers)),
    previousDc: 0,
  }
}

/** The rows and columns of a block, by the places of their coefficients in the file. */
const lines = zigzagLines()

function zigzagLines (): number[][] {
  const steps = Array.from({ length: coefficients }, (_, i) => ({ row: i >> 3, column: i & 7 }))
    .sort((a, b) => a.row + a.column - b.row - b.column || ((a.row + a.column) % 2 === 0 ? b.row - a.row : a.row - b.row))
  return (['row', 'column'] as const).flatMap((axis) => Array.from({ length: blockSide }, (_, line) =>
    steps.flatMap((step, place) => step[axis] === line && place > 0 ? [place] : [])))
}

/** Largest number of bits with which a whole line of coefficients stays small. */
function mostSmallBits (quantisers: Uint8Array): number {
  let heaviest = 1
  for (const places of lines) {
    let sum = 0
    for (const place of places) sum += quantisers[place]!
    heaviest = Math.max(heaviest, sum)
  }
  return Math.min(mostAcBits, Math.floor(Math.log2(maxSmallSum / heaviest + 1)))
}

const codeSteps = new WeakMap<HuffmanCodes, Uint16Array[]>()

function stepsOf (codes: HuffmanCodes, mostSize: number): Uint16Array {
  const known = codeSteps.get(codes) ?? []
  codeSteps.set(codes, known)
  const steps = known[mostSize] ?? makeSteps(codes, mostSize)
  known[mostSize] = steps
  return steps
}

function makeSteps ({ lookup }: HuffmanCodes, mostSize: number): Uint16Array {
  const steps = new Uint16Array(lookup.length)
  for (let next = 0; next < lookup.length; next++) {
    const entry = lookup[next]!
    const symbol = entry >> 8
    const size = symbol & 15
    if (entry === 0) continue
    if (symbol === endOfBlock) steps[next] = stepOf(entry & 0xff, 0, 1)
    else if (size > 0 && size <= mostSize) steps[next] = stepOf((entry & 0xff) + size, (symbol >> 4) + 1, 0)
  }
  return steps.map((step, next) => {
    const left = lookupBits - bitsOf(step)
    if (step === 0 || isEndOf(step) || left <= 0) return step
    const second = steps[(next << bitsOf(step)) & lookupMask]!
    return bitsOf(second) > left ? step : step + second
  })
}

/** Zeros to read behind the last byte, in which a code and its number may begin. */
const spareBytes = 8

/**
 * Whether every decoder would decode the scan alike.
 *
 * @param file - A file that `asFastJpeg` has accepted.
 * @param width - Width of the image in pixels; `height` likewise.
 */
export function isFastJpegScan (file: Uint8Array, width: number, height: number): boolean {
  const head = readFastJpegHead(Buffer.from(file.buffer, file.byteOffset, file.length))
  const channels = head?.channels.map(readChannel)
  if (head === undefined || channels === undefined || !channels.every((channel) => channel !== undefined)) return false
  const { sampling } = head.channels[0]!
  const units = Math.ceil(width / (blockSide * (sampling >> 4))) * Math.ceil(height / (blockSide * (sampling & 15)))
  const unit = channels.flatMap((channel) => Array<Channel>(channel.blocks).fill(channel))
  return areBlocksComplete(withoutStuffing(file, head.scanStart), unit, units)
}

/** The entropy-coded bytes without the 0 behind every 0xff, followed by some zeros. */
function withoutStuffing (file: Uint8Array, start: number): Uint8Array {
  const end = file.length - 2
  const bytes = new Uint8Array(end - start + spareBytes)
  let length = 0
  for (let from = start; from < end;) {
    const stuffed = file.indexOf(0xff, from)
    const to = Math.min(end, stuffed + 1)
    bytes.set(file.subarray(from, to), length)
    length += to - from
    from = to + 1
  }
  return bytes.subarray(0, length + spareBytes)
}

const peek = (bytes: Uint8Array, at: number, count: number): number => {
  const byte = at >> 3
  return (bytes[byte]! << 16 | bytes[byte + 1]! << 8 | bytes[byte + 2]!) >> (24 - count - (at & 7)) & ((1 << count) - 1)
}

/** The number that `bits` bits stand for; those below the middle are negative. */
const valueOf = (bits: number, size: number): number => size > 0 && bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits

const nextCode = (codes: HuffmanCodes, bytes: Uint8Array, at: number): number =>
  codes.lookup[peek(bytes, at, lookupBits)]! || searchCode(codes, peek(bytes, at, 16))

/** Whether all blocks are there and small enough. @param unit - The channel of each block of a unit. */
function areBlocksComplete (bytes: Uint8Array, unit: readonly Channel[], units: number): boolean {
  const end = (bytes.length - spareBytes) * 8
  let at = 0 // in bits
  for (let i = 0; i < units; i++) {
    for (const channel of unit) {
      const { steps, quantisers } = channel
      const code = nextCode(channel.dc, bytes, at)
      const dcBits = code >> 8
      if (code === 0 || dcBits > mostDcBits) return false
      at += code & 0xff
      channel.previousDc += valueOf(peek(bytes, at, dcBits), dcBits)
      at += dcBits
      let sum = Math.abs(channel.previousDc) * quantisers[0]!
      for (let place = 1; place < coefficients;) {
        const step = steps[peek(bytes, at, lookupBits)]!
        const to = place + placesOf(step)
        if (step !== 0 && to < coefficients) {
          at += bitsOf(step)
          place = to
          if (isEndOf(step)) break
          continue
        }
        const code = nextCode(channel.ac, bytes, at)
        const symbol = code >> 8
        const size = symbol & 15
        at += code & 0xff
        if (code === 0) return false
        if (symbol === endOfBlock) break
        place += (symbol >> 4) + 1
        if (symbol === sixteenZeros ? place >= coefficients : size === 0 || size > mostAcBits || place > coefficients) return false
        sum += Math.abs(valueOf(peek(bytes, at, size), size)) * quantisers[place - 1]!
        at += size
      }
      if (sum > maxLargeSum || at > end) return false
    }
  }
  // Fewer than 8 bits follow the last block, to fill a byte.
  return end - at < 8
}
