import assert from 'node:assert/strict'
import test from 'node:test'
import { lookupBits, readHuffmanCodes, searchCode } from '../../../api/images/huffman-codes.ts'

/** @param counts - By length, from 1 on. */
const table = (counts: readonly number[], symbols: readonly number[]): Buffer =>
  Buffer.from([...counts, ...Array(16 - counts.length).fill(0), ...symbols])

test('codes are given out by length, then in their order', () => {
  const { lookup } = readHuffmanCodes(table([0, 2, 1], [7, 8, 9]))!
  const symbolOf = (bits: string): number => lookup[parseInt(bits.padEnd(lookupBits, '1'), 2)]!
  assert.deepEqual(['00', '01', '100'].map(symbolOf), [2 | 7 << 8, 2 | 8 << 8, 3 | 9 << 8])
  assert.equal(symbolOf('101'), 0)
})

test('codes longer than what is looked up are searched for', () => {
  const counts = [1, ...Array(13).fill(0), 1, 1]
  const codes = readHuffmanCodes(table(counts, [1, 2, 3]))!
  const search = (bits: string): number => searchCode(codes, parseInt(bits.padEnd(16, '0'), 2))
  assert.equal(codes.lookup[1 << (lookupBits - 1)], 0)
  assert.equal(search('100000000000000'), 15 | 2 << 8)
  assert.equal(search('1000000000000010'), 16 | 3 << 8)
  assert.equal(search('1000000000000011'), 0)
})

test('a code of ones alone, and more codes than there can be, are no table', () => {
  assert.ok(readHuffmanCodes(table([1], [0])))
  assert.equal(readHuffmanCodes(table([2], [0, 1])), undefined)
  assert.equal(readHuffmanCodes(table([0, 4], [0, 1, 2, 3])), undefined)
  assert.equal(readHuffmanCodes(table([3], [0, 1, 2])), undefined)
  assert.equal(readHuffmanCodes(table([1, 2], [0, 1, 2])), undefined)
  assert.equal(readHuffmanCodes(table([...Array(15).fill(0), 255], [...Array(255).keys()]))?.symbols.length, 255)
})

test('a table is what its bytes are, whatever became of the file', () => {
  const bytes = table([0, 1], [5])
  const first = readHuffmanCodes(bytes)!
  bytes[16] = 6
  assert.equal(first.symbols[0], 5)
  assert.equal(readHuffmanCodes(bytes)!.symbols[0], 6)
})

test('many tables are read one after another', () => {
  for (let i = 0; i < 200; i++) assert.equal(readHuffmanCodes(table([0, 1], [i]))!.symbols[0], i)
  assert.equal(readHuffmanCodes(table([0, 1], [3]))!.symbols[0], 3)
})
