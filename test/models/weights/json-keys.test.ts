import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findDuplicateKey } from '../../../models/weights/json-keys.ts'

test('a key that an object has twice is found, however it is written', () => {
  assert.equal(findDuplicateKey('{"a":1,"b":2,"a":1}'), 'a')
  assert.equal(findDuplicateKey('{"a" : 1, "\\u0061"\n:2}'), 'a')
  assert.equal(findDuplicateKey('{"x":{"dtype":"F32","dtype":"F16"}}'), 'dtype')
  assert.equal(findDuplicateKey('{"__proto__":1,"__proto__":2}'), '__proto__')
  assert.equal(findDuplicateKey('{"a\\"":1,"b":[{"c":{}}],"a\\"":2}'), 'a"')
})

test('equal keys of different objects and equal strings that are no keys are none', () => {
  assert.equal(findDuplicateKey('{"a":{"a":"a"},"b":["a","a",{"a":1},{"a":1}],"c":"{\\"c\\":"}'), undefined)
})

test('what JSON.stringify writes never has a duplicate', () => {
  fc.assert(fc.property(fc.json(), (json) => assert.equal(findDuplicateKey(json), undefined)))
})
