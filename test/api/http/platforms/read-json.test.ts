import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { Type } from 'typebox'
import { readJson } from '../../../../api/http/platforms/read-json.ts'

const read = (text: string) => readJson(Buffer.from(text), Type.Unknown())

test('reads what JSON.parse reads', () => {
  fc.assert(fc.property(fc.json({ maxDepth: 6 }), (json) => { assert.deepEqual(read(json), JSON.parse(json)) }))
})

test('an escaped quote does not end a string, an escaped backslash before a quote does not escape it', () => {
  for (const text of ['"\\"[[[["', '"\\\\"', '["\\\\\\"","\\\\"]']) assert.deepEqual(read(text), JSON.parse(text))
})

test('a long string costs no structure', () => {
  const text = 'A'.repeat(8 * 1024 * 1024)
  assert.deepEqual(read(JSON.stringify([text])), [text])
})

const excessive: Record<string, [string, RegExp]> = {
  'levels of arrays': ['['.repeat(17), /at most 16 levels/],
  'levels of objects': ['{"a":'.repeat(17), /at most 16 levels/],
  'empty arrays': [`[${'[],'.repeat(400_000)}[]]`, /at most 1048576 bytes besides strings/],
  numbers: [`[${'0,'.repeat(600_000)}0]`, /at most 1048576 bytes besides strings/],
  blanks: [`${' '.repeat(1_100_000)}[]`, /at most 1048576 bytes besides strings/],
  strings: [`[${'"",'.repeat(10_001)}""]`, /at most 10000 strings/],
  'quotes inside a string': [`"${'\\"'.repeat(10_001)}"`, /at most 10000 strings/],
}
for (const [what, [text, message]] of Object.entries(excessive)) {
  test(`rejects too many ${what} before anything is parsed`, () => {
    assert.throws(() => read(text), { code: 'malformed_json', message })
  })
}

test('what is no JSON is rejected without a word of the parser', () => {
  for (const text of ['', '{', '"', '"\\"', '[1,]', 'undefined', '\ufeff{}', '{"a":1}x']) {
    assert.throws(() => read(text), { code: 'malformed_json', message: 'Expected a complete JSON text in UTF-8, got one that is damaged or cut off.' })
  }
})

test('keys that mean something to JavaScript are only keys', () => {
  const value = read('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}') as object
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor'])
  assert.equal('polluted' in {}, false)
  assert.equal('polluted' in value, false)
})
