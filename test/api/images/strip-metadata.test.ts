import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { suite } from 'node:test'
import sharp from 'sharp'
import { readOrientation, writeOrientation, stripMetadata, type ImageFormat } from '../../../api/images/strip-metadata.ts'
import { readHeader } from '../../../api/images/image-header.ts'
import { packageRoot } from '../../../models/package-root.ts'
import { readFixture } from '../../fixtures/index.ts'
import { exifEntry, exifSegment, iccSegments, segment, withSegments } from '../../hostile/inputs/jpeg.ts'
import { compressedText, iccProfile, withChunks } from '../../hostile/inputs/png.ts'
import { animatedWebp } from '../../hostile/inputs/webp.ts'

const decode = async (image: Buffer): Promise<Buffer> => await sharp(image).autoOrient().raw().toBuffer()

const oriented = async (format: 'jpeg' | 'png' | 'webp', orientation: number): Promise<Buffer> =>
  await sharp(readFixture('exif-1.jpg')).toFormat(format).withExif({ IFD0: { Artist: 'a stranger' } }).withMetadata({ orientation }).toBuffer()

suite('keepPixels', () => {
  for (const [format, name] of [['jpeg', 'JPEG'], ['png', 'PNG'], ['webp', 'WebP']] as const) {
    for (const orientation of [1, 3, 6, 8]) {
      test(`keeps orientation ${orientation} of a ${name}, and nothing else that its EXIF says`, async () => {
        const image = await oriented(format, orientation)
        const kept = stripMetadata(image, name).file
        assert.deepEqual(await decode(kept), await decode(image))
        assert.equal((await sharp(kept).metadata()).orientation ?? 1, orientation)
        assert.ok(image.includes('a stranger'))
        assert.ok(!kept.includes('a stranger'))
      })
    }
  }

  test('keeps the pixels of an AVIF and hides its EXIF and XMP, however their types are written', async () => {
    const image = await sharp(readFixture('exif-1.jpg')).withExif({ IFD0: { Artist: 'a stranger' } }).withXmp('<x/>').avif({ effort: 0 }).toBuffer()
    for (const name of ['Exif', 'eXIF']) {
      const file = Buffer.from(image)
      file.write(name, file.indexOf('Exif'), 'latin1')
      const before = await sharp(file).metadata()
      assert.ok(before.exif !== undefined && before.xmp !== undefined)
      const kept = stripMetadata(file, 'AVIF').file
      const after = await sharp(kept).metadata()
      assert.deepEqual([after.exif, after.xmp], [undefined, undefined])
      assert.deepEqual(await decode(kept), await decode(file))
    }
    const short = Buffer.from(image)
    short.write('avif', 12, 'latin1')
    assert.deepEqual(stripMetadata(short, 'AVIF').file, stripMetadata(image, 'AVIF').file, 'no minor version that names a codec')
  })

  test('keeps what tells how colours are stored', async () => {
    for (const [fixture, format] of [['cmyk.jpg', 'JPEG'], ['grey.jpg', 'JPEG'], ['progressive.jpg', 'JPEG'], ['palette-transparent.png', 'PNG'], ['lossy.webp', 'WebP']] as const) {
      const image = readFixture(fixture)
      assert.deepEqual(await decode(stripMetadata(image, format).file), await decode(image), fixture)
    }
  })

  const jpeg = readFixture('exif-1.jpg')
  const png = readFixture('small.png')
  const dropped: Record<string, { format: ImageFormat, image: Buffer, without: Buffer }> = {
    'profiles, XMP and comments of a JPEG': {
      format: 'JPEG', without: jpeg, image: withSegments(jpeg, ...iccSegments(Buffer.alloc(200_000)), segment(0xe1, 'http://ns.adobe.com/xap/1.0/\0<x/>'), segment(0xfe, 'x')),
    },
    'noise between the segments of a JPEG': { format: 'JPEG', without: jpeg, image: withSegments(jpeg, Buffer.from([0x00, 0xff, 0xff, 0xff])) },
    'profiles and texts of a PNG': {
      format: 'PNG', without: png, image: withChunks(png, [iccProfile(Buffer.alloc(1000)), ['zTXt', compressedText(1000)], ['tEXt', 'a\0b'], ['prVt', '']]),
    },
    'all frames of a WebP but the first': { format: 'WebP', without: animatedWebp(9, 9, 1), image: animatedWebp(9, 9, 100) },
  }
  for (const [what, { format, image, without }] of Object.entries(dropped)) {
    test(`drops ${what}`, () => assert.deepEqual(stripMetadata(image, format).file, stripMetadata(without, format).file))
  }

  test('reads of every JPEG what libvips reads of it', async () => {
    const turned = await oriented('jpeg', 6)
    const images = [turned, ...readdirSync(join(packageRoot, 'test/fixtures')).filter((name) => name.endsWith('.jpg')).map(readFixture)]
    assert.ok(images.length > 10)
    for (const image of images) assert.deepEqual(stripMetadata(image, 'JPEG').header, await readHeader(sharp(image)))
  })

  test('says nothing of the pixels of a JPEG that has none, or that libvips may not know', () => {
    const frame = jpeg.indexOf(Buffer.from('ffc0', 'hex'))
    const without = (change: (file: Buffer) => void): Buffer => {
      const file = Buffer.from(jpeg)
      change(file)
      return file
    }
    const kinds = [
      jpeg.subarray(0, frame),
      without((file) => file.writeUInt8(0xc9, frame + 1)), // arithmetic coding
      without((file) => file.writeUInt8(12, frame + 4)), // bits
      without((file) => file.writeUInt16BE(0, frame + 5)), // rows, to be said at the end
      without((file) => file.writeUInt8(2, frame + 9)), // channels
    ]
    for (const file of kinds) assert.equal(stripMetadata(file, 'JPEG').header, undefined)
  })

  test('leaves a file that is cut off anywhere as broken as it was', async () => {
    for (const [fixture, format] of [['exif-6.jpg', 'JPEG'], ['small.png', 'PNG'], ['lossy.webp', 'WebP']] as const) {
      const image = readFixture(fixture)
      for (let length = 12; length < image.length - 8; length += 97) {
        await assert.rejects(sharp(stripMetadata(image.subarray(0, length), format).file, { failOn: 'error' }).raw().toBuffer(), `${fixture}, ${length} bytes`)
      }
    }
  })

  test('follows EXIF that points to itself no further than its first directory', () => {
    const selfish = exifSegment(Array.from({ length: 5400 }, () => exifEntry(0x8769, 4, 1, 8)), 8)
    const startedAt = process.cpuUsage()
    assert.ok(stripMetadata(withSegments(jpeg, selfish), 'JPEG').file.length < jpeg.length + 100)
    assert.ok(process.cpuUsage(startedAt).user < 1e6)
  })
})

suite('readOrientation', () => {
  test('reads either byte order, as short or long', () => {
    assert.equal(readOrientation(writeOrientation(6)), 6)
    assert.equal(readOrientation(Buffer.from('49492a00080000000100120104000100000008000000' + '00000000', 'hex')), 8)
  })

  test('takes what it cannot read, or what is no orientation, for upright', () => {
    const tiffs = ['', '4d4d', '4d4d002a00000008', '4d4d002affffffff0000', '4d4d002a00000008ffff0112000300', '00000000000000000000']
    for (const tiff of tiffs) assert.equal(readOrientation(Buffer.from(tiff, 'hex')), 1, tiff)
    for (const orientation of [0, 9, 65_535]) assert.equal(readOrientation(writeOrientation(orientation)), 1)
    for (let length = 0; length < 20; length++) assert.equal(readOrientation(writeOrientation(6).subarray(0, length)), 1)
  })
})
