/** Images that attack decoders. */
import assert from 'node:assert/strict'
import sharp from 'sharp'
import { readFixture } from '../../fixtures/index.ts'
import { firstLabel, type HostileCase } from '../hostile-case.ts'
import { exifEntry, exifSegment, iccSegments, repeatLastScan, segment, withJpegSize, withSegments } from '../inputs/jpeg.ts'
import { compressedText, iccProfile, iend, ihdr, oneBitPng, png, withChunks, type Chunk } from '../inputs/png.ts'
import { animatedWebp, oneColourVp8l, webp } from '../inputs/webp.ts'
import type { Answer } from '../exchange.ts'
import { upload } from '../wire.ts'

const jpeg = readFixture('exif-1.jpg')
const smallPng = readFixture('small.png')
const lossyWebp = readFixture('lossy.webp')
const corrupt = { status: 422, code: 'corrupt_image' } as const
const tooManyPixels = { status: 422, code: 'too_many_pixels' } as const
const good = { status: 200 } as const

function cutOff (format: string, image: Buffer): HostileCase[] {
  return [10, 50, 90, 99].map((percent) => ({
    row: 5, input: `${format} cut at ${percent} %`, wire: () => upload(image.subarray(0, Math.floor(image.length * percent / 100))), ...corrupt,
  }))
}

const upright = (answer: Answer): void => assert.equal(firstLabel(answer), 'Egyptian cat')

function finiteScores ({ body }: Answer): void {
  const { results: [result] } = JSON.parse(body) as { results: Array<{ predictions: Array<{ score: number }> }> }
  const scores = result!.predictions.map(({ score }) => score)
  assert.equal(scores.length, 200)
  assert.ok(Math.abs(scores.reduce((sum, score) => sum + score, 0) - 1) < 1e-5, String(scores))
}

/** A flat image of any shape. */
async function flat (width: number, height: number): Promise<Buffer> {
  return await sharp({ create: { width, height, channels: 3, background: 'teal' } }).png().toBuffer()
}

const shape = (width: number, height: number): HostileCase =>
  ({ row: 19, input: `${width}x${height}`, wire: async () => upload(await flat(width, height)), ...good })

const pixels = (input: string, fixture: string): HostileCase => ({ row: 18, input, wire: () => upload(readFixture(fixture)), ...good })

/** A profile of a header that says it is one, and NaN wherever a number could be. */
const nanProfile = ((): Buffer => {
  const profile = Buffer.alloc(3000, Buffer.from('7fc00000', 'hex'))
  profile.writeUInt32BE(profile.length, 0)
  profile.write('mntrRGB XYZ ', 12, 'latin1')
  profile.write('acsp', 36, 'latin1')
  return profile
})()

export const imageCases: readonly HostileCase[] = [
  ...cutOff('JPEG', jpeg),
  ...cutOff('PNG', smallPng),
  ...cutOff('WebP', lossyWebp),

  { row: 6, input: '14000x14000, one bit a pixel', wire: () => upload(oneBitPng(14_000, 14_000)), ...tooManyPixels },
  { row: 6, input: '30000x30000, one bit a pixel, 110 KB', wire: () => upload(oneBitPng(30_000, 30_000)), ...tooManyPixels },
  { row: 6, input: '12000x12000: each side is allowed, the product is not', wire: () => upload(oneBitPng(12_000, 12_000)), ...tooManyPixels },

  { row: 7, input: 'sides of 2^31 - 1 and no pixels', wire: () => upload(png([ihdr({ width: 2 ** 31 - 1, height: 2 ** 31 - 1 }), iend])), ...corrupt },
  { row: 7, input: 'sides of 0', wire: () => upload(png([ihdr({ width: 0, height: 0 }), iend])), ...corrupt },
  { row: 7, input: '5000x5000 with 20 bytes of pixels', wire: () => upload(png([ihdr({ width: 5000, height: 5000 }), ['IDAT', Buffer.alloc(20)], iend])), ...corrupt },
  { row: 7, input: 'a chunk that says it is 4 GB long', wire: () => upload(Buffer.concat([smallPng.subarray(0, 33), Buffer.from('ffffffff', 'hex'), Buffer.from('IDATx')])), ...corrupt },

  { row: 8, input: 'text that inflates to 100 MB', wire: () => upload(withChunks(smallPng, [['zTXt', compressedText(100_000_000)]])), ...good },
  {
    row: 8,
    input: 'international text that inflates to 100 MB',
    ...good,
    wire: () => upload(withChunks(smallPng, [['iTXt', Buffer.concat([Buffer.from('C\0\x01\0\0\0', 'latin1'), compressedText(100_000_000).subarray(9)])]])),
  },
  { row: 8, input: 'a profile that inflates to 50 MB', wire: () => upload(withChunks(smallPng, [iccProfile(Buffer.alloc(50_000_000))])), ...good },
  { row: 8, input: '90 texts that inflate to 100 MB each', wire: () => upload(withChunks(smallPng, Array<Chunk>(90).fill(['zTXt', compressedText(100_000_000)]))), ...good },
  { row: 8, input: '100,000 text chunks', wire: () => upload(withChunks(smallPng, Array<Chunk>(100_000).fill(['tEXt', 'a\0b']))), ...good },

  { row: 9, input: '65500x65500 by its header', wire: () => upload(withJpegSize(jpeg, 65_500, 65_500)), ...tooManyPixels },
  { row: 9, input: '7000x7000 by its header, with the data of a small one: the rest is grey', wire: () => upload(withJpegSize(jpeg, 7000, 7000)), ...good },
  { row: 9, input: 'a progressive one with 3,000 more scans', wire: async () => upload(repeatLastScan(await sharp(smallPng).jpeg({ progressive: true }).toBuffer(), 3000)), ...corrupt },

  { row: 10, input: 'lossless, 16383x16383 in 30 bytes', wire: () => upload(webp(['VP8L', oneColourVp8l(16_383, 16_383)])), ...tooManyPixels },
  { row: 10, input: 'lossless, 2000x2000 in 28 bytes', wire: () => upload(webp(['VP8L', oneColourVp8l(2000, 2000)])), ...good },
  { row: 10, input: 'an animation of 100,000 frames: the first one counts', wire: () => upload(animatedWebp(64, 64, 100_000)), ...good },
  { row: 10, input: 'an animation of 100,000 frames that is cut off', wire: () => upload(animatedWebp(64, 64, 100_000).subarray(0, -9)), ...corrupt },
  { row: 10, input: 'a chunk that says it is 4 GB long', wire: () => upload(Buffer.concat([lossyWebp.subarray(0, 16), Buffer.from('ffffffff', 'hex'), lossyWebp.subarray(20)])), ...corrupt },

  { row: 15, input: 'JPEG with a ZIP behind it', wire: () => upload(Buffer.concat([jpeg, Buffer.from('PK\x03\x04', 'latin1'), Buffer.alloc(1000)])), ...good },
  { row: 15, input: 'PNG with HTML behind it', wire: () => upload(Buffer.concat([smallPng, Buffer.from('<script>alert(1)</script>')])), ...good },
  { row: 15, input: 'JPEG with PHP in a comment', wire: () => upload(withSegments(jpeg, segment(0xfe, '<?php system($_GET[0]); ?>'))), ...good },
  { row: 15, input: 'GIF with a JPEG behind it', wire: () => upload(Buffer.concat([Buffer.from('GIF89a'), jpeg])), status: 415, code: 'unsupported_media' },
  {
    row: 15,
    input: 'JPEG whose EXIF thumbnail is a bomb',
    ...good,
    wire: () => upload(withSegments(jpeg, exifSegment([exifEntry(0x0201, 4, 1, 26), exifEntry(0x0202, 4, 1, 0xffff_ffff)], 0))),
  },

  ...[1, 2, 3, 4, 5, 6, 7, 8].map((orientation): HostileCase =>
    ({ row: 16, input: `orientation ${orientation}`, wire: () => upload(readFixture(`exif-${orientation}.jpg`)), ...good, check: upright })),

  { row: 17, input: 'EXIF whose directory follows itself', wire: () => upload(withSegments(jpeg, exifSegment([exifEntry(0x0112, 3, 1, 0x10000)], 8))), ...good },
  { row: 17, input: 'EXIF that points 5,400 times to itself', wire: () => upload(withSegments(jpeg, exifSegment(Array<Buffer>(5400).fill(exifEntry(0x8769, 4, 1, 8)), 8))), ...good },
  {
    row: 17,
    input: 'half a million EXIF segments',
    ...good,
    wire: () => upload(withSegments(jpeg, Buffer.concat(Array<Buffer>(500_000).fill(segment(0xe1, 'Exif\0\0MM\0*'))))),
  },
  { row: 17, input: 'EXIF that declares 65,535 entries', wire: () => upload(withSegments(jpeg, exifSegment([], 0, 65_535))), ...good },
  { row: 17, input: 'an orientation of 4 billion values', wire: () => upload(withSegments(jpeg, exifSegment([exifEntry(0x0112, 3, 0xffff_ffff, 8)], 0))), ...good },
  {
    row: 17,
    input: '9 MB of XMP',
    ...good,
    wire: () => upload(withSegments(jpeg, ...Array<Buffer>(140).fill(segment(0xe1, `http://ns.adobe.com/xap/1.0/\0${'<x:a>'.repeat(12_900)}`)))),
  },
  { row: 17, input: 'a profile of noise', wire: () => upload(withSegments(jpeg, ...iccSegments(Buffer.alloc(5000, 'noise')))), ...good },
  { row: 17, input: 'a profile of 9 MB', wire: () => upload(withSegments(jpeg, ...iccSegments(Buffer.alloc(9_000_000)))), ...good },

  pixels('CMYK, inverted as Adobe does', 'cmyk.jpg'),
  pixels('grey', 'grey.jpg'),
  pixels('grey of 16 bits', 'grey-16-bit.png'),
  pixels('RGB of 16 bits', 'rgb-16-bit.png'),
  pixels('grey with alpha', 'grey-alpha.png'),
  pixels('a palette with transparency', 'palette-transparent.png'),
  pixels('a wide gamut', 'icc-wide-gamut.jpg'),
  { row: 18, input: 'one bit a pixel', wire: () => upload(oneBitPng(100, 100)), ...good },
  {
    row: 18,
    input: 'fully transparent',
    ...good,
    wire: async () => upload(await sharp({ create: { width: 64, height: 64, channels: 4, background: '#0000' } }).png().toBuffer()),
  },

  shape(1, 1),
  shape(2, 2),
  shape(1, 12_000),
  shape(12_000, 1),
  shape(3, 5000),
  { ...shape(1, 30_000), ...tooManyPixels },
  { ...shape(30_000, 1), ...tooManyPixels },

  { row: 37, input: 'in a JPEG', wire: () => upload(withSegments(jpeg, ...iccSegments(nanProfile)), 'image/jpeg', '/classify?topK=200'), ...good, check: finiteScores },
  { row: 37, input: 'in a PNG', wire: () => upload(withChunks(smallPng, [iccProfile(nanProfile)]), 'image/png', '/classify?topK=200'), ...good, check: finiteScores },
]
