/** Bodies that are not what they are called: empty, foreign, encoded, or of another length. */
import { gzipSync } from 'node:zlib'
import { readFixture } from '../../fixtures/index.ts'
import type { HostileCase } from '../hostile-case.ts'
import { blockedImages, documents, gif, svgs, avif, hugeAvifGrid } from '../inputs/other-formats.ts'
import { chunked, filePart, form, formBody, formType, request, upload } from '../wire.ts'

const photo = readFixture('exif-1.jpg')
const unsupported = { status: 415, code: 'unsupported_media' } as const
const jpegType = 'Content-Type: image/jpeg'

const foreign = (row: number, inputs: Record<string, Buffer>): HostileCase[] => Object.entries(inputs).map(([name, bytes]) =>
  ({ row, input: `${name} as \`image/jpeg\``, wire: () => upload(bytes), ...unsupported }))

export const bodyCases: readonly HostileCase[] = [
  { row: 1, input: 'no body', wire: () => request({}), status: 400, code: 'empty_body' },
  { row: 1, input: 'zero bytes as `image/jpeg`', wire: () => upload(''), status: 400, code: 'empty_body' },
  { row: 1, input: 'a form without parts', wire: () => form([]), status: 400, code: 'empty_body' },
  { row: 1, input: 'a file part of zero bytes', wire: () => form([filePart('')]), status: 400, code: 'empty_body' },
  { row: 1, input: 'a body without Content-Type', wire: () => request({ body: photo }), ...unsupported },

  ...foreign(2, documents),
  { row: 2, input: 'a ZIP as a file part', wire: () => form([filePart(documents['ZIP']!)]), ...unsupported },

  { row: 3, input: 'JPEG as `image/png`', wire: () => upload(photo, 'image/png'), status: 200 },
  { row: 3, input: 'PNG as `image/webp`', wire: () => upload(readFixture('small.png'), 'image/webp'), status: 200 },
  { row: 3, input: 'JPEG in a part named `notes.txt`', wire: () => form([filePart(photo, 'text', 'notes.txt')]), status: 200 },
  { row: 3, input: 'JPEG as `application/octet-stream`', wire: () => upload(photo, 'application/octet-stream'), ...unsupported },

  { row: 4, input: '`IMAGE/JPEG`', wire: () => upload(photo, 'IMAGE/JPEG'), status: 200 },
  { row: 4, input: 'a TAB behind the type', wire: () => upload(photo, 'image/jpeg\t'), status: 200 },
  { row: 4, input: 'spaces before the type', wire: () => upload(photo, '   image/jpeg'), status: 200 },
  { row: 4, input: '`image/jpeg garbage`', wire: () => upload(photo, 'image/jpeg garbage'), ...unsupported },
  { row: 4, input: '`application/json` with a TAB inside', wire: () => upload('{}', 'application/json\t; x'), ...unsupported },
  { row: 4, input: 'an empty type', wire: () => upload(photo, ''), ...unsupported },
  { row: 4, input: 'two Content-Types, of which the first counts', wire: () => request({ fields: ['Content-Type: text/html', jpegType], body: photo }), ...unsupported },

  { row: 11, input: 'AVIF', wire: async () => upload(await avif(64)), ...unsupported },
  { row: 11, input: 'an AVIF grid of 2^31 pixels a side', wire: () => upload(hugeAvifGrid()), ...unsupported },
  { row: 12, input: 'GIF', wire: () => upload(gif(1)), ...unsupported },
  { row: 12, input: 'GIF of 100,000 frames', wire: () => upload(gif(100_000)), ...unsupported },
  { row: 12, input: 'GIF on a screen of 65535x65535', wire: () => upload(gif(1, 65_535)), ...unsupported },
  ...foreign(13, blockedImages),
  ...foreign(14, svgs),

  { row: 20, input: '11 MB as `image/jpeg`', wire: () => upload(Buffer.alloc(11_000_000)), status: 413, code: 'image_too_large' },
  {
    row: 20,
    input: '11 MB in chunks, as `image/jpeg`',
    status: 413,
    code: 'image_too_large',
    wire: () => request({ fields: [jpegType, 'Transfer-Encoding: chunked'], body: chunked(...Array<Buffer>(11).fill(Buffer.alloc(1_000_000))) }),
  },
  { row: 20, input: '11 MB as a file part', wire: () => form([filePart(Buffer.alloc(11_000_000))]), status: 413, code: 'image_too_large' },
  {
    row: 20,
    input: '36 MB in a form, in chunks',
    status: 413,
    code: 'request_too_large',
    wire: () => request({
      fields: [formType, 'Transfer-Encoding: chunked'],
      body: chunked(...Array<Buffer>(4).fill(formBody([filePart(Buffer.alloc(9_000_000))], { end: '' }))),
    }),
  },
  {
    row: 20,
    input: 'a declared length of 10^18 and nothing more',
    status: 413,
    code: 'image_too_large',
    wire: () => request({ fields: [jpegType, 'Content-Length: 1000000000000000000'] }),
  },
  {
    row: 20,
    input: 'more bytes than declared',
    status: 400,
    code: 'invalid_request',
    wire: () => request({ fields: [jpegType, 'Content-Length: 4'], body: 'text, then GET /canary HTTP/1.1\r\nHost: localhost\r\n\r\n' }),
  },

  {
    row: 21,
    input: 'a length over the limit: no 100 is sent',
    status: 413,
    code: 'image_too_large',
    wire: () => request({ fields: [jpegType, 'Expect: 100-continue', 'Content-Length: 50000000'] }),
  },
  {
    row: 21,
    input: 'a form over the limit: no 100 is sent',
    status: 413,
    code: 'request_too_large',
    wire: () => request({ fields: [formType, 'Expect: 100-continue', 'Content-Length: 50000000'] }),
  },

  { row: 22, input: 'a JPEG in gzip', wire: () => request({ fields: [jpegType, 'Content-Encoding: gzip'], body: gzipSync(photo) }), ...unsupported },
  {
    row: 22,
    input: 'a gzip bomb of 100 MB',
    ...unsupported,
    wire: () => request({ fields: [jpegType, 'Content-Encoding: gzip'], body: gzipSync(Buffer.alloc(100_000_000)) }),
  },
  { row: 22, input: 'a form in gzip', wire: () => request({ fields: [formType, 'Content-Encoding: gzip'], body: gzipSync(formBody([filePart(photo)])) }), ...unsupported },

  { row: 26, input: 'JSON', wire: () => upload('{"image":""}', 'application/json'), ...unsupported },
  { row: 26, input: 'JSON a million levels deep', wire: () => upload('['.repeat(1_000_000), 'application/json'), ...unsupported },
  { row: 26, input: 'JSON with `__proto__`', wire: () => upload('{"__proto__":{"admin":true}}', 'application/json'), ...unsupported },
]
