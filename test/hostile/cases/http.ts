/**
 * Requests that break the rules of HTTP, or bend them.
 * `/canary` is what a smuggled request asks for: no log ever names it, nor any other canary.
 */
import assert from 'node:assert/strict'
import { readFixture } from '../../fixtures/index.ts'
import type { Answer } from '../exchange.ts'
import type { HostileCase } from '../hostile-case.ts'
import { filePart, form, request, upload } from '../wire.ts'

const photo = readFixture('exif-1.jpg')
const jpegType = 'Content-Type: image/jpeg'
const good = { status: 200 } as const
const invalid = { status: 400, code: 'invalid_request' } as const
const headersTooLarge = { status: 431, code: 'headers_too_large' } as const
const notFound = { status: 404, code: 'not_found' } as const

const canary = 'GET /canary HTTP/1.1\r\nHost: localhost\r\n\r\n'

const query = (input: string, search: string): HostileCase => ({ row: 27, input, wire: () => upload(photo, 'image/jpeg', `/classify?${search}`), ...invalid })
const get = (target: string, ...fields: string[]): Buffer => request({ method: 'GET', target, fields })
const target = (input: string, path: string, answer: { status: number, code: 'not_found' | 'invalid_request' | 'headers_too_large' }): HostileCase =>
  ({ row: 29, input, wire: () => get(path), ...answer })

/** One request that two servers would read differently. */
const smuggle = (input: string, fields: readonly string[], body: string): HostileCase =>
  ({ row: 30, input, wire: () => request({ fields: [jpegType, ...fields], body }), ...invalid })

const method = (name: string, allow: string): HostileCase => ({
  row: 38,
  input: `${name} /classify`,
  wire: () => request({ method: name }),
  status: 405,
  code: 'method_not_allowed',
  check: ({ headers }) => assert.equal(headers.get('allow'), allow),
})

const generatedId = ({ headers }: Answer): void => assert.match(headers.get('x-request-id')!, /^[0-9a-f-]{36}$/)

export const httpCases: readonly HostileCase[] = [
  query('`topK=-1`', 'topK=-1'),
  query('`topK=0`', 'topK=0'),
  query('`topK=1000000000`', 'topK=1000000000'),
  query('`topK=NaN`', 'topK=NaN'),
  query('`topK=1.5`', 'topK=1.5'),
  query('`topK=1e400`', 'topK=1e400'),
  query('`topK=0x5`', 'topK=0x5'),
  query('`topK=5e0`', 'topK=5e0'),
  query('`topK= 5`', 'topK=+5'),
  query('an empty `topK`', 'topK='),
  query('`topK` twice', 'topK=1&topK=2'),
  query('8 KB of `topK`', `topK=${'1'.repeat(8000)}`),
  query('1,000 unknown parameters', Array.from({ length: 1000 }, (_, i) => `a${i}=1`).join('&')),
  query('`__proto__[topK]=1`', '__proto__[topK]=1'),

  { row: 28, input: 'a header named `__proto__`', wire: () => request({ fields: [jpegType, '__proto__: x'], body: photo }), ...good },
  { row: 28, input: '1,500 fields, of which 1,000 or so count', wire: () => get('/livez', ...Array.from({ length: 1500 }, (_, i) => `x${i}: 1`)), ...good },
  { row: 28, input: '17 KB in one field', wire: () => get('/livez', `X: ${'x'.repeat(17_000)}`), ...headersTooLarge },
  { row: 28, input: '40 KB in 2,000 fields', wire: () => get('/livez', ...Array.from({ length: 2000 }, (_, i) => `x${i}: 1234567890`)), ...headersTooLarge },
  { row: 28, input: 'NUL in a value', wire: () => get('/livez', 'X: a\0b'), ...invalid },
  { row: 28, input: 'a bare LF in a value', wire: () => get('/livez', 'X: a\nb'), ...invalid },
  { row: 28, input: 'a bare CR in a value', wire: () => get('/livez', 'X: a\rb'), ...invalid },
  { row: 28, input: 'a folded field', wire: () => get('/livez', 'X: a\r\n b'), ...invalid },
  { row: 28, input: 'a space before the colon', wire: () => get('/livez', 'X : a'), ...invalid },
  { row: 28, input: 'no Host', wire: () => Buffer.from('GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n'), status: 400 },

  target('100 KB', `/${'a'.repeat(100_000)}`, headersTooLarge),
  target('`/%00`', '/%00', notFound),
  target('`/%2e%2e/%2e%2e/etc/passwd`', '/%2e%2e/%2e%2e/etc/passwd', notFound),
  target('`/../../etc/passwd`', '/../../etc/passwd', notFound),
  target('`/%zz`', '/%zz', invalid),
  target('`/%ff`', '/%ff', invalid),
  target('`//livez`', '//livez', notFound),
  target('a control character', '/li\x01vez', invalid),
  target('a bare `livez`', 'livez', invalid),
  { row: 29, input: '`http://elsewhere/livez`: answered here, nothing is fetched', wire: () => get('http://elsewhere/livez'), ...good },
  { row: 29, input: 'CONNECT', wire: () => Buffer.from('CONNECT elsewhere:80 HTTP/1.1\r\nHost: elsewhere\r\n\r\n'), status: 'closed' },

  smuggle('Content-Length and Transfer-Encoding', ['Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\n${canary}`),
  smuggle('two Content-Lengths', ['Content-Length: 1', 'Content-Length: 100'], `x${canary}`),
  smuggle('two Content-Lengths in one field', ['Content-Length: 1, 100'], `x${canary}`),
  smuggle('a Content-Length of `+1`', ['Content-Length: +1'], `x${canary}`),
  smuggle('a Content-Length of `1x`', ['Content-Length: 1x'], `x${canary}`),
  smuggle('a Content-Length of -1', ['Content-Length: -1'], `x${canary}`),
  smuggle('a Content-Length of 2^64 + 1', [`Content-Length: ${2n ** 64n + 1n}`], `x${canary}`),
  smuggle('`Transfer-Encoding : chunked`', ['Transfer-Encoding : chunked', 'Content-Length: 6'], `0\r\n\r\n${canary}`),
  smuggle('`Transfer-Encoding: xchunked`', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${canary}`),
  smuggle('`Transfer-Encoding: chunked, identity`', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${canary}`),
  smuggle('chunked twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], `0\r\n\r\n${canary}`),
  smuggle('a bare LF behind a chunk\'s size', ['Transfer-Encoding: chunked'], `1\nx\r\n0\r\n\r\n${canary}`),
  smuggle('a bare LF behind a chunk', ['Transfer-Encoding: chunked'], `1\r\nx\n0\r\n\r\n${canary}`),
  smuggle('a chunk of 2^64 + 1 bytes', ['Transfer-Encoding: chunked'], `10000000000000001\r\nx\r\n0\r\n\r\n${canary}`),
  smuggle('a chunk of `0x1` bytes', ['Transfer-Encoding: chunked'], `0x1\r\nx\r\n0\r\n\r\n${canary}`),
  smuggle('a chunk of -1 bytes', ['Transfer-Encoding: chunked'], `-1\r\nx\r\n0\r\n\r\n${canary}`),
  smuggle('a chunk shorter than it says', ['Transfer-Encoding: chunked'], `5\r\nx\r\n0\r\n\r\n${canary}`),
  smuggle('a chunk extension of 1 MB', ['Transfer-Encoding: chunked'], `1;${'e'.repeat(1_000_000)}\r\nx\r\n0\r\n\r\n${canary}`),
  smuggle('a chunk extension with a bare LF', ['Transfer-Encoding: chunked'], `1;a\nb\r\nx\r\n0\r\n\r\n${canary}`),

  { row: 31, input: 'HTTP/0.9: answered as HTTP/1.1', wire: () => Buffer.from('GET /livez\r\n\r\n'), ...good },
  { row: 31, input: 'HTTP/3.0', wire: () => Buffer.from('GET /livez HTTP/3.0\r\nHost: localhost\r\n\r\n'), ...invalid },
  { row: 31, input: 'the HTTP/2 preface', wire: () => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), ...invalid },
  { row: 31, input: 'a TLS hello', wire: () => Buffer.from('16030100a5010000a10303' + '5a'.repeat(60), 'hex'), ...invalid },
  { row: 31, input: 'noise', wire: () => Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 197 + 128) & 0xff)), ...invalid },
  { row: 31, input: 'SMTP', wire: () => Buffer.from('EHLO localhost\r\n'), ...invalid },

  method('GET', 'POST'),
  method('PUT', 'POST'),
  method('DELETE', 'POST'),
  method('TRACE', 'POST'),
  method('OPTIONS', 'POST'),
  method('QUERY', 'POST'),
  { row: 38, input: 'an unknown route', wire: () => get('/admin'), ...notFound },
  { row: 38, input: 'an unknown route with a photo', wire: () => upload(photo, 'image/jpeg', '/admin'), ...notFound },
  { row: 38, input: 'an unknown route with a broken Content-Type', wire: () => upload(photo, '/', '/admin'), ...notFound },
  { row: 38, input: 'a method that does not exist', wire: () => request({ method: 'BREW' }), ...invalid },

  {
    row: 39,
    input: '`X-Forwarded-For`, `-Proto`, `-Host`, `Forwarded`: ignored',
    ...good,
    wire: () => request({
      fields: [jpegType, 'X-Forwarded-For: 198.51.100.7', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: evil.example', 'Forwarded: for=198.51.100.7'],
      body: photo,
    }),
    check: ({ headers, body }) => assert.doesNotMatch([...headers.values(), body].join(), /198\.51|evil/),
  },

  {
    row: 40,
    input: 'a file name with ANSI codes and JSON: never logged',
    ...good,
    wire: () => form([filePart(photo, 'image', 'canary%0a\x1b[2J{\\"level\\":60}.jpg')]),
  },
  { row: 40, input: 'ANSI codes in a request id: replaced', wire: () => request({ fields: [jpegType, 'X-Request-Id: \x1b[2J'], body: photo }), ...invalid },
  { row: 40, input: 'a request id with a line of JSON: replaced', wire: () => get('/livez', 'X-Request-Id: a","level":60}{"x":"'), ...good, check: generatedId },
  { row: 40, input: 'a request id of 10 KB: replaced', wire: () => get('/livez', `X-Request-Id: ${'i'.repeat(10_000)}`), ...good, check: generatedId },
  { row: 40, input: 'a path of 10 KB with encoded line ends', wire: () => get(`/${'%0a%1b[2J'.repeat(1000)}`), ...notFound },
]
