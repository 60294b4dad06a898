import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromFloat16Bits, toFloat16Bits } from '../../../models/weights/float16.ts'
import { readSafetensors, writeSafetensors } from '../../../models/weights/safetensors.ts'
import type { StateDict, Tensor } from '../../../models/weights/state-dict.ts'
import { buildSafetensors, float32Bytes } from './checkpoint-bytes.ts'

const f32 = (shape: unknown, begin: unknown, end: unknown): object => ({ dtype: 'F32', shape, data_offsets: [begin, end] })

const tensors: fc.Arbitrary<Tensor> = fc.array(fc.nat(3), { maxLength: 4 }).chain((shape) => {
  const length = shape.reduce((product, size) => product * size, 1)
  return fc.float32Array({ minLength: length, maxLength: length }).map((data) => ({ shape, data }))
})
const names = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toJSON', '0', 'a.weight')).filter((name) => name !== '__metadata__')
const stateDicts: fc.Arbitrary<StateDict> = fc.array(fc.tuple(names, tensors), { maxLength: 6 }).map((entries) => new Map(entries))

function assertEqual (actual: StateDict, expected: StateDict): void {
  assert.deepEqual(new Set(actual.keys()), new Set(expected.keys()))
  for (const [name, tensor] of expected) {
    assert.deepEqual(actual.get(name), tensor)
  }
}

test('float32 comes back bit by bit, under any name', () => {
  fc.assert(fc.property(stateDicts, (stateDict) => {
    assertEqual(readSafetensors(writeSafetensors(stateDict, 'float32', { format: 'pt' })), stateDict)
  }))
})

test('float16 comes back as the nearest float16', () => {
  fc.assert(fc.property(fc.array(fc.float({ noNaN: true, min: -65000, max: 65000 })), (values) => {
    const [tensor] = readSafetensors(writeSafetensors(new Map([['a', { shape: [values.length], data: Float32Array.from(values) }]]), 'float16', {})).values()
    assert.deepEqual([...tensor!.data], values.map((value) => fromFloat16Bits(toFloat16Bits(value))))
  }))
})

test('equal tensors give equal files in any order, with aligned data', () => {
  const a: [string, Tensor] = ['a', { shape: [1], data: Float32Array.of(1) }]
  const b: [string, Tensor] = ['b', { shape: [], data: Float32Array.of(2) }]
  const file = writeSafetensors(new Map([a, b]), 'float32', { x: '1', y: '2' })
  assert.deepEqual(file, writeSafetensors(new Map([b, a]), 'float32', { y: '2', x: '1' }))
  assert.equal(file.readBigUInt64LE() % 8n, 0n)
  const json = file.subarray(8, 8 + Number(file.readBigUInt64LE())).toString()
  assert.equal(json.trimEnd(), '{"__metadata__":{"x":"1","y":"2"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}')
  assert.deepEqual(file.subarray(-8), float32Bytes(1, 2))
})

test('the writer rejects a finite value that float16 cannot hold, and writes infinity as it is', () => {
  const stateDict = (value: number): StateDict => new Map([['conv_stem.weight', { shape: [1], data: Float32Array.of(value) }]])
  assert.throws(() => writeSafetensors(stateDict(70000), 'float16', {}), { code: 'CHECKPOINT_OVERFLOW', message: /"conv_stem\.weight" holds 70000, but float16 ends at 65504/ })
  assert.equal(readSafetensors(writeSafetensors(stateDict(-Infinity), 'float16', {})).get('conv_stem.weight')!.data[0], -Infinity)
})

test('the writer rejects a tensor with the name of the metadata', () => {
  assert.throws(() => writeSafetensors(new Map([['__metadata__', { shape: [], data: Float32Array.of(1) }]]), 'float32', {}), { code: 'CHECKPOINT_INVALID' })
})

test('integers are checked and left out', () => {
  const header = { a: f32([1], 8, 12), 'bn1.num_batches_tracked': { dtype: 'I64', shape: [], data_offsets: [0, 8] } }
  assert.deepEqual([...readSafetensors(buildSafetensors(header, Buffer.alloc(12))).keys()], ['a'])
})

test('a header may be padded, list tensors in any order and hold metadata', () => {
  const json = `${JSON.stringify({ b: f32([1], 4, 8), a: f32([1], 0, 4), __metadata__: { format: 'ms' } })}   `
  const stateDict = readSafetensors(buildSafetensors(json, float32Bytes(1, 2)))
  assert.deepEqual([stateDict.get('a')!.data[0], stateDict.get('b')!.data[0]], [1, 2])
})

test('__proto__ is a name like any other', () => {
  const stateDict = readSafetensors(buildSafetensors('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', float32Bytes(7)))
  assert.equal(stateDict.get('__proto__')!.data[0], 7)
  assert.equal(({} as { shape?: unknown }).shape, undefined)
})

const declaring = (headerBytes: bigint): Buffer => {
  const bytes = Buffer.alloc(16, '{')
  bytes.writeBigUInt64LE(headerBytes)
  return bytes
}

const refused = [
  { what: 'a file shorter than its first field', bytes: Buffer.from('abc'), code: 'CHECKPOINT_TRUNCATED', message: /has 3 bytes/ },
  { what: 'a header past the end', bytes: declaring(9n), code: 'CHECKPOINT_TRUNCATED', message: /has 16 bytes, but its header runs to byte 17/ },
  { what: 'a huge header', bytes: declaring(2n ** 63n), code: 'CHECKPOINT_TOO_LARGE', message: /declares 9223372036854775808 bytes; at most 10000000/ },
  { what: 'a header that is no JSON', bytes: buildSafetensors('{"a":', Buffer.alloc(0)), code: 'CHECKPOINT_INVALID', message: /not valid JSON in UTF-8/ },
  { what: 'a header that is no UTF-8', bytes: buildSafetensors('{}', Buffer.alloc(0)).fill(0xff, 9), code: 'CHECKPOINT_INVALID', message: /not valid JSON in UTF-8/ },
  { what: 'a header nested a million deep', bytes: buildSafetensors(`{"a":${'['.repeat(1e6)}${']'.repeat(1e6)}}`, Buffer.alloc(0)), code: 'CHECKPOINT_INVALID', message: /JSON|"a" lacks/ },
  { what: 'a header that is a list', bytes: buildSafetensors([], Buffer.alloc(0)), code: 'CHECKPOINT_INVALID', message: /not a JSON object/ },
  { what: 'a tensor that is no object', bytes: buildSafetensors({ a: 1 }, Buffer.alloc(0)), code: 'CHECKPOINT_INVALID', message: /"a" lacks its dtype, shape or two data_offsets/ },
  { what: 'a name twice', bytes: buildSafetensors(`{"a":${JSON.stringify(f32([1], 0, 4))},"a":${JSON.stringify(f32([1], 0, 4))}}`, Buffer.alloc(4)), code: 'CHECKPOINT_INVALID', message: /names "a" twice/ },
  { what: 'an unknown dtype', bytes: buildSafetensors({ a: { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] } }, Buffer.alloc(1)), code: 'CHECKPOINT_UNSUPPORTED', message: /"a" has the dtype "F8_E4M3"/ },
  { what: 'a dtype that only a prototype has', bytes: buildSafetensors({ a: { dtype: 'constructor', shape: [1], data_offsets: [0, 1] } }, Buffer.alloc(1)), code: 'CHECKPOINT_UNSUPPORTED', message: /"constructor"/ },
  { what: 'offsets that do not fit the shape', bytes: buildSafetensors({ a: f32([2], 0, 4) }, Buffer.alloc(4)), code: 'CHECKPOINT_INVALID', message: /"a" takes 8 bytes by its shape and dtype/ },
  { what: 'a shape whose size overflows', bytes: buildSafetensors({ a: f32([2 ** 52, 2 ** 52], 0, 4) }, Buffer.alloc(4)), code: 'CHECKPOINT_INVALID', message: /"a" takes/ },
  { what: 'a negative offset', bytes: buildSafetensors({ a: f32([2], -4, 4) }, Buffer.alloc(4)), code: 'CHECKPOINT_INVALID', message: /data_offsets do not span/ },
  { what: 'a fractional offset', bytes: buildSafetensors({ a: f32([1], 0.5, 4.5) }, Buffer.alloc(8)), code: 'CHECKPOINT_INVALID', message: /data_offsets do not span/ },
  { what: 'a tensor past the end', bytes: buildSafetensors({ a: f32([2], 0, 8) }, Buffer.alloc(4)), code: 'CHECKPOINT_TRUNCATED', message: /"a" runs to byte 8 of the data, which has 4/ },
  { what: 'overlapping tensors', bytes: buildSafetensors({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, Buffer.alloc(12)), code: 'CHECKPOINT_INVALID', message: /"b" overlaps another one: it begins at byte 4 of the data, expected 8/ },
  { what: 'two names for one tensor', bytes: buildSafetensors({ a: f32([1], 0, 4), b: f32([1], 0, 4) }, Buffer.alloc(4)), code: 'CHECKPOINT_INVALID', message: /"b" overlaps/ },
  { what: 'a hole', bytes: buildSafetensors({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, Buffer.alloc(12)), code: 'CHECKPOINT_INVALID', message: /"b" leaves a hole: it begins at byte 8 of the data, expected 4/ },
  { what: 'bytes behind the last tensor', bytes: buildSafetensors({ a: f32([1], 0, 4) }, Buffer.alloc(6)), code: 'CHECKPOINT_INVALID', message: /2 bytes that belong to no tensor/ },
]

for (const { what, bytes, code, message } of refused) {
  test(`rejects ${what}`, () => {
    assert.throws(() => readSafetensors(bytes), { name: 'CheckpointError', code, message })
  })
}
