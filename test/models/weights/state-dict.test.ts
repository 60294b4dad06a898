import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countElements, decodeFloats, isFloat } from '../../../models/weights/state-dict.ts'

const values = [1, -2.5, 0.15625]
const encodings = [
  { dtype: 'float16', hex: '003c00c10031' },
  { dtype: 'bfloat16', hex: '803f20c0203e' },
  { dtype: 'float32', hex: '0000803f000020c00000203e' },
  { dtype: 'float64', hex: '000000000000f03f00000000000004c0000000000000c43f' },
] as const

for (const { dtype, hex } of encodings) {
  test(`${dtype} decodes to float32 at any alignment`, () => {
    for (const padding of [0, 1, 2, 3]) {
      const bytes = Buffer.concat([Buffer.alloc(padding), Buffer.from(hex, 'hex')]).subarray(padding)
      assert.deepEqual([...decodeFloats(bytes, dtype)], values)
    }
  })
}

test('indices pick elements in their own order', () => {
  const bytes = Buffer.from(encodings[2].hex, 'hex')
  assert.deepEqual([...decodeFloats(bytes, 'float32', Uint32Array.of(2, 0, 2))], [0.15625, 1, 0.15625])
})

test('decoded floats own their memory', () => {
  const bytes = Buffer.from(encodings[2].hex, 'hex')
  const floats = decodeFloats(bytes, 'float32')
  bytes.fill(0)
  assert.deepEqual([...floats], values)
  assert.equal(floats.buffer.byteLength, 12)
})

test('integers, booleans and complex numbers are no floats', () => {
  for (const dtype of ['int64', 'bool', 'complex64'] as const) assert.equal(isFloat(dtype), false)
})

test('a shape counts its elements', () => {
  assert.equal(countElements('t', []), 1)
  assert.equal(countElements('t', [2, 3, 4]), 24)
  assert.equal(countElements('t', [2 ** 52, 2 ** 52, 2 ** 52, 0]), 0)
})

test('a shape that is no shape is rejected without turning a nested value into text', () => {
  let deep: unknown[] = []
  for (let i = 0; i < 100_000; i++) deep = [deep]
  for (const shape of [[-1], [1.5], [NaN], ['3'], [2 ** 53], [3n], [deep]]) {
    assert.throws(() => countElements('a.weight', shape), { code: 'CHECKPOINT_INVALID', message: /^Tensor "a\.weight" has the shape \[.+\]; expected whole numbers/ })
  }
  assert.throws(() => countElements('t', Array(9).fill(1)), { code: 'CHECKPOINT_INVALID', message: /has 9 dimensions; at most 8/ })
})
