import type { Random } from './random.ts'

/** Lengths, counts and markers that parsers have opinions about. */
const telling = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff]
/** Structure is at the start of most files, and at the end of some. */
const edgeBytes = 512

type Mutation = (bytes: Buffer, random: Random, others: readonly Buffer[]) => Buffer

const splice = (bytes: Buffer, at: number, removed: number, added: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(Math.min(bytes.length, at + removed))])

function place (length: number, random: Random): number {
  switch (random.below(3)) {
    case 0: return random.below(Math.min(edgeBytes, length))
    case 1: return Math.max(0, length - 1 - random.below(Math.min(edgeBytes, length)))
    default: return random.below(length)
  }
}

const mutations: readonly Mutation[] = [
  function flipBit (bytes, random) {
    const at = place(bytes.length, random)
    return bytes.length === 0 ? bytes : splice(bytes, at, 1, Buffer.from([bytes[at]! ^ (1 << random.below(8))]))
  },
  function overwriteNumber (bytes, random) {
    const number = Buffer.alloc(8)
    const value = random.pick(telling)
    const width = random.pick([1, 2, 4, 8])
    if (random.below(2) === 0) number.writeBigUInt64LE(BigInt(value))
    else number.writeBigUInt64BE(BigInt(value) << BigInt(64 - 8 * width) & 0xffff_ffff_ffff_ffffn)
    return splice(bytes, place(bytes.length, random), width, number.subarray(0, width))
  },
  function insertNoise (bytes, random) {
    return splice(bytes, place(bytes.length, random), 0, Buffer.from(Array.from({ length: 1 + random.below(64) }, () => random.below(256))))
  },
  function remove (bytes, random) {
    return splice(bytes, place(bytes.length, random), 1 + random.below(random.pick([4, 64, 4096])), Buffer.alloc(0))
  },
  function repeat (bytes, random) {
    const at = place(bytes.length, random)
    const piece = bytes.subarray(at, at + 1 + random.below(256))
    return splice(bytes, at, 0, Buffer.concat(Array<Buffer>(1 + random.below(random.pick([4, 200]))).fill(piece)))
  },
  function move (bytes, random) {
    const from = place(bytes.length, random)
    return splice(bytes, place(bytes.length, random), 0, bytes.subarray(from, from + 1 + random.below(512)))
  },
  function cutOff (bytes, random) {
    return bytes.subarray(0, place(bytes.length, random))
  },
  function cross (bytes, random, others) {
    const other = random.pick(others)
    return Buffer.concat([bytes.subarray(0, place(bytes.length, random)), other.subarray(place(other.length, random))])
  },
]

/** One of `corpus`, changed in one to eight ways. */
export function mutate (corpus: readonly Buffer[], random: Random): Buffer {
  let bytes = random.pick(corpus)
  for (let i = 1 + random.below(8); i > 0; i--) bytes = random.pick(mutations)(bytes, random, corpus)
  return bytes
}
