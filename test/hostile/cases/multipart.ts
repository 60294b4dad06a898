/** Forms that no browser sends. */
import assert from 'node:assert/strict'
import { readFixture } from '../../fixtures/index.ts'
import type { HostileCase } from '../hostile-case.ts'
import { boundary, fieldPart, filePart, form, formBody, request, type Part } from '../wire.ts'

const photo = readFixture('exif-1.jpg')
const good = { status: 200 } as const
const malformed = { status: 400, code: 'malformed_multipart' } as const
const empty = { status: 400, code: 'empty_body' } as const
const tooMany = { status: 413, code: 'too_many_images' } as const

const typed = (contentType: string, body: Buffer | string): Buffer => request({ fields: [`Content-Type: ${contentType}`], body })

const named = (input: string, part: Part): HostileCase => ({ row: 24, input, wire: () => form([part, filePart(photo)]), ...good })

export const multipartCases: readonly HostileCase[] = [
  { row: 23, input: '10,000 files', wire: () => form(Array<Part>(10_000).fill(filePart('x'))), ...tooMany },
  { row: 23, input: '10,000 text fields', wire: () => form(Array<Part>(10_000).fill(fieldPart('x'))), ...malformed },
  { row: 23, input: 'a field name of 1 MB: no such field', wire: () => form([fieldPart('x', 'n'.repeat(1_000_000)), filePart(photo)]), ...good },
  { row: 23, input: 'a field value of 1 MB', wire: () => form([fieldPart('v'.repeat(1_000_000)), filePart(photo)]), ...good },
  {
    row: 23,
    input: '2,000 header fields in a part: no file among the first',
    ...empty,
    wire: () => form([{ fields: [...Array.from({ length: 2000 }, (_, i) => `X-${i}: x`), ...filePart('').fields!], content: photo }]),
  },
  { row: 23, input: 'a part header of 100 KB', wire: () => form([{ fields: [`X: ${'x'.repeat(100_000)}`, ...filePart('').fields!], content: photo }]), ...empty },
  {
    row: 23,
    input: 'a part of 20 KB without a name, and nothing else',
    wire: () => form([{ fields: ['X: x'], content: 'x'.repeat(20_000) }]),
    ...empty,
  },
  { row: 23, input: 'no boundary', wire: () => typed('multipart/form-data', formBody([filePart(photo)])), ...malformed },
  { row: 23, input: 'an empty boundary', wire: () => typed('multipart/form-data; boundary=', formBody([filePart(photo)], { separator: '' })), ...good },
  {
    row: 23,
    input: 'a boundary of 4 KB',
    ...malformed,
    wire: () => typed(`multipart/form-data; boundary=${'b'.repeat(4096)}`, formBody([filePart(photo)], { separator: 'b'.repeat(4096) })),
  },
  { row: 23, input: 'a file full of what is almost the boundary', wire: () => form([filePart(`\r\n--${boundary.slice(0, -1)}`.repeat(100_000))]), status: 415, code: 'unsupported_media' },
  { row: 23, input: 'no final boundary', wire: () => form([filePart(photo)], { end: '' }), ...malformed },
  { row: 23, input: 'nothing but a boundary', wire: () => form([], { end: `--${boundary}\r\n` }), ...malformed },
  { row: 23, input: 'nothing but CRLF', wire: () => form([], { end: '\r\n'.repeat(10_000) }), ...malformed },
  {
    row: 23,
    input: 'multipart/mixed inside',
    status: 415,
    code: 'unsupported_media',
    wire: () => form([{ fields: ['Content-Disposition: form-data; name="x"; filename="x"', 'Content-Type: multipart/mixed; boundary=inner'], content: formBody([filePart(photo)], { separator: 'inner' }) }]),
  },
  { row: 23, input: 'a preamble of 5 MB', wire: () => form([filePart(photo)], { preamble: `${'p'.repeat(5_000_000)}\r\n` }), ...good },
  { row: 23, input: 'an epilogue of 5 MB', wire: () => form([filePart(photo)], { end: `--${boundary}--\r\n${'e'.repeat(5_000_000)}` }), ...good },
  { row: 23, input: 'a boundary that the body does not have', wire: () => typed('multipart/form-data; boundary=other', formBody([filePart(photo)])), ...malformed },

  ...['__proto__', 'constructor', 'prototype', 'toString'].map((name) => named(`a field named \`${name}\``, fieldPart('x', name))),
  named('a field named `a[b][c]` 30 levels deep', fieldPart('x', 'a' + '[b]'.repeat(30))),
  named('a field named in Unicode', fieldPart('x', '\u{1f431}\u202e')),
  named('a field name with NUL', fieldPart('x', 'a\0b')),
  { row: 24, input: 'a file named `../../x`', wire: () => form([filePart(photo, 'image', '../../x')]), ...good },
  { row: 24, input: 'a file name with NUL and quotes', wire: () => form([filePart(photo, 'image', 'a\0"; rm -rf /; "')]), ...good },
  {
    row: 24,
    input: 'a form field `__proto__` that is the image',
    wire: () => form([filePart(photo, '__proto__')]),
    ...good,
    check: ({ body }) => assert.deepEqual(Object.keys(JSON.parse(body) as object), ['model', 'results']),
  },

  {
    row: 25,
    input: 'two files: two results',
    wire: () => form([filePart(photo), filePart(photo)]),
    ...good,
    check: ({ body }) => assert.equal((JSON.parse(body) as { results: unknown[] }).results.length, 2),
  },
  { row: 25, input: '17 files, one more than allowed', wire: () => form(Array<Part>(17).fill(filePart(photo))), ...tooMany },
  { row: 25, input: 'a file under any field name', wire: () => form([filePart(photo, 'whatever')]), ...good },
  { row: 25, input: 'a file sent as a text field', wire: () => form([fieldPart(photo)]), ...empty },
]
