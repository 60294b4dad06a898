import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromFloat16Bits, toFloat16Bits } from '../../../models/weights/float16.ts'

test('every binary16 pattern decodes to the value that IEEE 754 gives it', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const sign = bits & 0x8000 ? -1 : 1
    const exponent = bits >>> 10 & 0x1f
    const mantissa = bits & 0x3ff
    let expected = sign * (1024 + mantissa) * 2 ** (exponent - 25)
    if (exponent === 0) expected = sign * mantissa * 2 ** -24
    if (exponent === 31) expected = mantissa === 0 ? sign * Infinity : NaN
    assert.ok(Object.is(fromFloat16Bits(bits), expected), `0x${bits.toString(16)}`)
  }
})

test('every binary16 value but NaN encodes to its own bits', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = fromFloat16Bits(bits)
    if (!Number.isNaN(value)) assert.equal(toFloat16Bits(value), bits)
  }
  assert.ok(Number.isNaN(fromFloat16Bits(toFloat16Bits(NaN))))
})

test('a float32 rounds to the nearest binary16, and a tie to the even one', () => {
  fc.assert(fc.property(fc.float({ noNaN: true, min: -65504, max: 65504 }), (value) => {
    const bits = toFloat16Bits(value)
    const distance = Math.abs(fromFloat16Bits(bits) - value)
    for (const neighbour of [bits - 1, bits + 1]) {
      // Next to zero and at the end of the range there is no neighbour of the same sign.
      if ((neighbour & 0x8000) !== (bits & 0x8000) || (neighbour & 0x7fff) >= 0x7c00) continue
      const otherDistance = Math.abs(fromFloat16Bits(neighbour) - value)
      assert.ok(distance < otherDistance || (distance === otherDistance && bits % 2 === 0))
    }
  }), { numRuns: 2000 })
  const ties = [[1 + 2 ** -11, 0x3c00], [1 + 3 * 2 ** -11, 0x3c02], [2 ** -25, 0], [3 * 2 ** -25, 2], [2047 * 2 ** -25, 0x400]] as const
  for (const [value, bits] of ties) assert.equal(toFloat16Bits(value), bits, String(value))
})

test('values from 65520 on become infinite, and those below do not', () => {
  assert.equal(toFloat16Bits(65519.996), 0x7bff)
  assert.equal(toFloat16Bits(65520), 0x7c00)
  assert.equal(toFloat16Bits(-1e30), 0xfc00)
})
