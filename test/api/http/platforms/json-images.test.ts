import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ServiceError } from '../../../../api/errors.ts'
import { readBase64 } from '../../../../api/http/platforms/json-images.ts'

test('reads whatever bytes were encoded', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    assert.deepEqual(readBase64(Buffer.from(bytes).toString('base64'), 300), Buffer.from(bytes))
  }))
})

test('is strict: alphabet, padding and its last bits', () => {
  for (const text of ['A', 'AA', 'AAA', 'AA=', 'AA==AAAA', 'AAAA\n', 'AA AA', '-_-_', 'AB==', 'AAB=', '====', '=', 'AAAA=', 'data:,AAAA', '\u0141AAA', 'AAA\0']) {
    const upload = readBase64(text, 300)
    assert.ok(upload instanceof ServiceError, JSON.stringify(text))
    assert.equal(upload.code, 'corrupt_image')
  }
})

test('what would be larger than allowed is not decoded', () => {
  assert.equal((readBase64('AAAAAAAA', 5) as ServiceError).code, 'image_too_large')
  assert.deepEqual(readBase64('AAAAAAA=', 5), Buffer.alloc(5))
})
