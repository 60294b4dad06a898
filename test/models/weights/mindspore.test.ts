import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMindSpore, startsLikeMindSpore } from '../../../models/weights/mindspore.ts'
import { appendChecksum, buildMindSporeValue as value, float32Bytes } from './checkpoint-bytes.ts'

const one = value('a', 'Float32', [2], float32Bytes(1, 2))
const dataOf = (bytes: Buffer): Record<string, number[]> => {
  return Object.fromEntries([...readMindSpore(bytes)].map(([name, { data }]) => [name, [...data]]))
}

test('reads concatenated messages and leaves integers, text and random state out', () => {
  const bytes = Buffer.concat([
    one,
    value('step', 'Int32', [0], Buffer.alloc(4)),
    value('epoch', 'str', [2], Buffer.alloc(8)),
    value('random_op', 'random_op', [0], Buffer.from('anything')),
    value('half', 'Float16', [1], Buffer.from('003c', 'hex')),
  ])
  assert.deepEqual(dataOf(bytes), { a: [1, 2], half: [1] })
})

test('a scalar, whose dims MindSpore writes as [0], has the shape []', () => {
  assert.deepEqual(readMindSpore(value('lr', 'Float32', [0], float32Bytes(3))).get('lr')!.shape, [])
  assert.deepEqual(readMindSpore(value('none', 'Float32', [0], Buffer.alloc(0))).get('none')!.shape, [0])
})

test('a tensor that was split over consecutive values is joined', () => {
  const bytes = Buffer.concat([value('a', 'Float32', [3], float32Bytes(1, 2)), value('a', 'Float32', [3], float32Bytes(3)), value('b', 'Float32', [1], float32Bytes(4))])
  assert.deepEqual(dataOf(bytes), { a: [1, 2, 3], b: [4] })
})

test('packed dims, unknown fields and map tensors are what protobuf says they are', () => {
  const tensor = Buffer.concat([Buffer.from('\x0a\x02\x01\x02\x12\x07Float32\x1a\x08', 'latin1'), float32Bytes(1, 2)])
  const unknownField = Buffer.from('\x20\x01', 'latin1')
  const body = Buffer.concat([Buffer.from('\x0a\x01a\x12', 'latin1'), Buffer.of(tensor.length), tensor, unknownField])
  const mapTensor = Buffer.from('\x0a\x05\x0a\x01b\x1a\x00', 'latin1')
  const bytes = Buffer.concat([Buffer.of(0x0a, body.length), body, mapTensor])
  assert.deepEqual(readMindSpore(bytes).get('a')!.shape, [1, 2])
  assert.deepEqual(dataOf(bytes), { a: [1, 2] })
})

test('a checksum at the end is stripped and verified', () => {
  assert.deepEqual(dataOf(appendChecksum(one)), { a: [1, 2] })
  const flipped = appendChecksum(one)
  flipped[one.length - 1]! ^= 1
  assert.throws(() => readMindSpore(flipped), { code: 'CHECKPOINT_INVALID', message: /damaged: its checksum is \d+, but it declares \d+/ })
})

const refused = [
  { what: 'content that is shorter than the shape', bytes: value('a', 'Float32', [3], float32Bytes(1, 2)), code: 'CHECKPOINT_INVALID', message: /"a" has 8 bytes; its shape \[3\] of float32 takes 12/ },
  { what: 'content that is longer than the shape', bytes: value('a', 'Float32', [1], float32Bytes(1, 2)), code: 'CHECKPOINT_INVALID', message: /"a" has 8 bytes/ },
  { what: 'a shape of an astronomic size', bytes: value('a', 'Float32', [2 ** 40, 2 ** 40], float32Bytes(1)), code: 'CHECKPOINT_INVALID', message: /"a" has 4 bytes/ },
  { what: 'a negative dimension', bytes: value('a', 'Float32', [-1, -2], float32Bytes(1, 2)), code: 'CHECKPOINT_INVALID', message: /"a" has the shape \[-1, -2\]/ },
  { what: 'an unknown type', bytes: value('a', 'Float8', [1], Buffer.alloc(1)), code: 'CHECKPOINT_UNSUPPORTED', message: /"a" has the type "Float8"/ },
  { what: 'a tag twice', bytes: Buffer.concat([one, value('b', 'Float32', [1], float32Bytes(1)), one]), code: 'CHECKPOINT_INVALID', message: /names "a" twice\./ },
  { what: 'a tag twice in a row', bytes: Buffer.concat([one, one]), code: 'CHECKPOINT_INVALID', message: /"a" has 16 bytes/ },
  { what: 'parts of different shapes', bytes: Buffer.concat([one, value('a', 'Float32', [1, 2], float32Bytes(1, 2))]), code: 'CHECKPOINT_INVALID', message: /"a" twice, with different types or shapes/ },
  { what: 'a length past the end', bytes: Buffer.from('0aff0f0a0161', 'hex'), code: 'CHECKPOINT_TRUNCATED', message: /starts like a MindSpore checkpoint, but it is cut short/ },
  { what: 'a huge declared length', bytes: Buffer.from('0affffffff070a0161', 'hex'), code: 'CHECKPOINT_TRUNCATED', message: /cut short/ },
  { what: 'noise inside, as encryption leaves it', bytes: Buffer.from('0a040a007f7f', 'hex'), code: 'CHECKPOINT_INVALID', message: /damaged or encrypted/ },
  { what: 'nothing but integers', bytes: value('a', 'Int32', [1], Buffer.alloc(4)), code: 'CHECKPOINT_INVALID', message: /holds no tensor of floats/ },
  { what: 'a hundred thousand empty values', bytes: Buffer.from('0a00'.repeat(100_000), 'hex'), code: 'CHECKPOINT_TOO_LARGE', message: /more than 65536 tensors/ },
  { what: 'a tensor of ten thousand dimensions', bytes: value('a', 'Float32', Array<number>(10_000).fill(1), float32Bytes(1)), code: 'CHECKPOINT_INVALID', message: /more than 8 dimensions/ },
]

for (const { what, bytes, code, message } of refused) {
  test(`rejects ${what}`, () => {
    assert.throws(() => readMindSpore(bytes), { name: 'CheckpointError', code, message })
  })
}

test('a file is recognised by its first message', () => {
  assert.ok(startsLikeMindSpore(one))
  assert.ok(startsLikeMindSpore(value('a', 'Float32', [100], Buffer.alloc(400))))
  for (const other of ['', '\n', '\n\xff\xff\xff\xff\xff\xff\n', '\n<html>', '\x08\x07']) assert.equal(startsLikeMindSpore(Buffer.from(other, 'latin1')), false)
})
