import assert from 'node:assert/strict'
import test from 'node:test'
import { isSupported, parseVersion } from '../../loadtest/k6-binary.ts'

test('the version is read from what k6 prints', () => {
  assert.equal(parseVersion('k6 v1.8.1 (go1.26.8, linux/amd64)\n'), '1.8.1')
  assert.equal(parseVersion('k6 v0.57.0 (commit/50afd82c18, go1.23.6, linux/amd64)'), '0.57.0')
  assert.equal(parseVersion('k9s 1.8.1'), undefined)
})

test('k6 from 1.8 to below 2 is used', () => {
  assert.deepEqual(['1.8.0', '1.12.3', '1.7.9', '0.57.0', '2.0.0'].map(isSupported), [true, true, false, false, false])
})
