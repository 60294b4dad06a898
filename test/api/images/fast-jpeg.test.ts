/** Which JPEGs session workers decode, and that they see in them what Pillow sees. */
import assert from 'node:assert/strict'
import test, { suite } from 'node:test'
import { decodeFastJpeg } from '../../../api/images/decode-fast-jpeg.ts'
import { asFastJpeg } from '../../../api/images/fast-jpeg.ts'
import { preprocessingPresets } from '../../../models/manifest/preprocessing.ts'
import { readFixture } from '../../fixtures/index.ts'
import { listGoldenCases, meanDifference, readGoldenCase } from '../pipeline/golden-cases.ts'
import { unlimited } from '../pipeline/preprocess-options.ts'

const preprocessing = { ...preprocessingPresets.imagenet, cropSize: 128, cropPct: 1 }
const options = unlimited(preprocessing)

suite('plain JPEGs against Pillow', () => {
  const plain = listGoldenCases()
    .filter(({ file, preprocessing }) => asFastJpeg(readFixture(file), unlimited(preprocessing)) !== undefined)

  test('they are the upright, small, baseline ones that are to be shrunk', () => {
    assert.deepEqual(plain.map(({ name, preprocessing: { cropSize } }) => `${name} at ${cropSize}`),
      ['margin-117 at 224', 'margin-119 at 224', 'exif-1 at 128', 'chroma-444 at 128', 'chroma-422 at 128', 'margin-117 at 128'])
  })

  for (const golden of plain) {
    const { name, file, preprocessing } = golden
    test(`${name} at ${preprocessing.cropSize}, ${preprocessing.interpolation}, differs by at most 0.5 of 255 on average`, async (t) => {
      const pixels = new Uint8Array(preprocessing.cropSize ** 2 * 3)
      assert.ok(decodeFastJpeg(asFastJpeg(readFixture(file), unlimited(preprocessing))!, preprocessing, pixels))
      const difference = meanDifference(pixels, await readGoldenCase(golden))
      t.diagnostic(`mean difference ${difference.toFixed(3)}`)
      assert.ok(difference <= 0.5, `mean difference ${difference}`)
    })
  }
})

const photo = readFixture('exif-1.jpg')
const markerAt = (marker: number): number => photo.indexOf(Buffer.from([0xff, marker]))
const [frameAt, scanAt] = [markerAt(0xc0), markerAt(0xda)]
const inserted = (at: number, ...bytes: number[]): Buffer => Buffer.concat([photo.subarray(0, at), Buffer.from(bytes), photo.subarray(at)])
const changed = (at: number, value: number, source = photo): Buffer => {
  const copy = Buffer.from(source)
  copy[at] = value
  return copy
}
const swapped = (one: number, other: number): Buffer => changed(one, photo[other]!, changed(other, photo[one]!))
const tablesAt = markerAt(0xdb)
const endOfImage = Buffer.from([0xff, 0xd9])
/** The photo with a restart interval, and one restart. */
const restarting = (marker: number): Buffer => {
  const withRestart = inserted(photo.length - 20, 0xff, marker)
  return Buffer.concat([withRestart.subarray(0, scanAt), Buffer.from([0xff, 0xdd, 0, 4, 0, 8]), withRestart.subarray(scanAt)])
}
const frame = photo.subarray(frameAt, frameAt + 2 + photo.readUInt16BE(frameAt + 2))

const others: Record<string, Buffer> = {
  'a PNG': readFixture('chelsea.png'),
  'no bytes': Buffer.alloc(0),
  'a turned photo': readFixture('exif-3.jpg'),
  'a progressive one': readFixture('progressive.jpg'),
  'a grey one': readFixture('grey.jpg'),
  inks: readFixture('cmyk.jpg'),
  'RGB instead of luminance and chrominance': readFixture('rgb-adobe.jpg'),
  'one of 12 megapixels': readFixture('twelve-megapixels.jpg'),
  'half of one': photo.subarray(0, photo.length / 2),
  'one without its end': photo.subarray(0, -2),
  'a head alone': photo.subarray(0, scanAt),
  'two frames': inserted(scanAt, ...frame),
  'a frame in the scan': inserted(photo.length - 20, ...frame),
  'a number of lines that comes later': inserted(scanAt, 0xff, 0xdc, 0, 4, 0, 1),
  'a scan of one channel': changed(scanAt + 4, 1),
  'a scan of the channels in another order': swapped(scanAt + 5, scanAt + 7),
  'a scan of some coefficients': changed(scanAt + 12, 5),
  'restarts without an interval': inserted(photo.length - 20, 0xff, 0xd0),
  'restarts out of their order': restarting(0xd1),
  'restarts in their order': restarting(0xd0),
  'a scan of nothing but 0xff': Buffer.concat([photo.subarray(0, scanAt + 14), Buffer.alloc(200_000, Buffer.from([0xff, 0])), endOfImage]),
  'a head of tables': inserted(scanAt, ...Array.from({ length: 40 }, () => [...photo.subarray(tablesAt, frameAt)]).flat()),
  'a megabyte of something else': Buffer.concat([photo, Buffer.alloc(2 ** 20)]),
  'a precision of 12 bits': changed(frameAt + 4, 12),
  'a chrominance that is sampled as often as the luminance': changed(frameAt + 14, 0x22),
  'a channel of an unknown number': changed(frameAt + 10, 7),
}
for (const [what, file] of Object.entries(others)) {
  test(`${what} is left to libvips`, () => assert.equal(asFastJpeg(file, options), undefined))
}

test('limits, formats and the resizer of a model are kept', () => {
  assert.ok(asFastJpeg(photo, options))
  assert.ok(asFastJpeg(photo, { ...options, maxImagePixels: 300 * 200, maxImageSide: 300 }))
  assert.equal(asFastJpeg(photo, { ...options, maxImagePixels: 300 * 200 - 1 }), undefined)
  assert.equal(asFastJpeg(photo, { ...options, maxImageSide: 299 }), undefined)
  assert.equal(asFastJpeg(photo, { ...options, formats: ['png', 'webp'] }), undefined)
  assert.equal(asFastJpeg(photo, unlimited(preprocessingPresets['imagenet-opencv'])), undefined)
  assert.equal(asFastJpeg(photo, unlimited({ ...preprocessing, cropSize: 224 })), undefined, 'it would be enlarged')
})

test('what follows the image, and what a writer says of it, does not matter', () => {
  const plain = asFastJpeg(Buffer.concat([photo, Buffer.from('trailing bytes \xff\xc0', 'latin1')]), options)
  assert.deepEqual(plain!.file.subarray(-2), endOfImage)
  assert.ok(asFastJpeg(inserted(2, 0xff, 0xfe, 0, 4, 0x68, 0x69), options), 'a comment')
})

test('a damaged one is reported, and nothing is thrown', () => {
  const plain = asFastJpeg(photo, options)!
  const pixels = new Uint8Array(128 * 128 * 3)
  const withoutTables = Buffer.from(plain.file)
  for (let at = 0; (at = withoutTables.indexOf(Buffer.from([0xff, 0xc4]), at)) !== -1;) withoutTables[at + 1] = 0xe0
  assert.equal(decodeFastJpeg({ ...plain, file: withoutTables }, preprocessing, pixels), false)
  assert.equal(decodeFastJpeg(plain, preprocessing, pixels), true)
})
