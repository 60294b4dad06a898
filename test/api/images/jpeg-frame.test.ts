/** What libjpeg keeps of a JPEG by its structure: the first frame and the first scan decide, as they do for libjpeg. */
import assert from 'node:assert/strict'
import test, { suite } from 'node:test'
import sharp from 'sharp'
import { stripMetadata } from '../../../api/images/strip-metadata.ts'
import { readFixture } from '../../fixtures/index.ts'
import { handMadeJpeg, type HandMadeJpeg } from '../../hostile/inputs/hand-made-jpeg.ts'
import { segment, withSegments } from '../../hostile/inputs/jpeg.ts'

const size = { width: 1600, height: 800 }
const pixels = size.width * size.height
const apart = [[1], [2], [3]]
const keptOf = (file: Buffer): number | undefined => stripMetadata(file, 'JPEG').decoderBytes
const isRefused = async (file: Buffer): Promise<boolean> => await sharp(file).raw().toBuffer().then(() => false, () => true)
const [progressive, extended] = [0xc2, 0xc1]

suite('coefficients that a decoder keeps', () => {
  const kinds: Record<string, [bytesPerPixel: number, kind: Omit<HandMadeJpeg, keyof typeof size>]> = {
    'none of a baseline one': [0, {}],
    'none where a second scan says it all again': [0, { scans: [[1, 2, 3], [1, 2, 3]] }],
    'all where each channel has a scan': [6, { scans: apart }],
    'all where the last channel has a scan of its own': [6, { scans: [[1, 2], [3]] }],
    'all where scans are missing': [6, { scans: [[2]] }],
    'all of a progressive one': [6, { marker: progressive }],
    'a quarter of a chrominance at half resolution': [3, { marker: progressive, samplings: [0x22, 0x11, 0x11] }],
    'one channel of a grey one': [2, { marker: progressive, samplings: [0x11] }],
    'four of inks': [8, { marker: progressive, samplings: [0x11, 0x11, 0x11, 0x11] }],
    'a quarter of a luminance at half resolution': [4.5, { scans: apart, samplings: [0x11, 0x22, 0x22] }],
    'extended as baseline': [6, { scans: apart, marker: extended }],
    '12 bits as 8': [6, { scans: apart, marker: extended, precision: 12 }],
  }
  for (const [what, [bytesPerPixel, kind]] of Object.entries(kinds)) {
    test(what, () => assert.equal(keptOf(handMadeJpeg({ ...size, ...kind })), bytesPerPixel * pixels))
  }

  test('whole blocks of whole units: an image of one column has 32', () => {
    const file = handMadeJpeg({ width: 1, height: 64, marker: progressive, samplings: [0x41, 0x11, 0x11] })
    assert.equal(keptOf(file), 2 * 64 * (32 + 8 + 8))
  })

  test('wherever the frame stands, and whatever is between the segments', () => {
    const file = handMadeJpeg({ ...size, scans: apart })
    const padded = withSegments(file, segment(0xe2, Buffer.alloc(60_000)), Buffer.from([0x00, 0xff, 0xff]), segment(0xfe, '\xff\xc0\xff\xda'))
    assert.equal(keptOf(padded), 6 * pixels)
  })

  test('a thumbnail is no frame', () => {
    const thumbnail = handMadeJpeg({ width: 8, height: 8 })
    assert.equal(keptOf(withSegments(handMadeJpeg({ ...size, marker: progressive }), segment(0xe1, thumbnail))), 6 * pixels)
  })

  test('of the first of two frames, and libvips rejects them', async () => {
    const file = handMadeJpeg({ width: 16, height: 16 })
    const frameAt = file.indexOf(Buffer.from([0xff, 0xc0]))
    const other = handMadeJpeg({ ...size, marker: progressive })
    const otherAt = other.indexOf(Buffer.from([0xff, progressive]))
    const both = Buffer.concat([file.subarray(0, frameAt + 19), other.subarray(otherAt, otherAt + 19), file.subarray(frameAt + 19)])
    assert.equal(keptOf(both), 0)
    assert.ok(await isRefused(both))
  })

  const unreadable: Record<string, (file: Buffer, frame: number) => Buffer> = {
    'that has no channels': (file, frame) => changed(file, frame + 9, 0),
    'of more channels than it describes': (file, frame) => changed(file, frame + 9, 9),
    'of a sampling of 0': (file, frame) => changed(file, frame + 11, 0x10),
    'of a sampling of 5': (file, frame) => changed(file, frame + 11, 0x51),
    'that is too short': (file, frame) => changed(file, frame + 3, 7),
    'of a hierarchical kind': (file, frame) => changed(file, frame + 1, 0xc5),
  }
  for (const [what, change] of Object.entries(unreadable)) {
    test(`nothing is said of a frame ${what}, and libvips rejects it`, async () => {
      const file = handMadeJpeg({ ...size, scans: apart })
      const bad = change(file, file.indexOf(Buffer.from([0xff, 0xc0])))
      assert.equal(keptOf(bad), undefined)
      assert.ok(await isRefused(bad))
    })
  }

  test('of photos, what their encoders say', async () => {
    assert.equal(keptOf(readFixture('exif-1.jpg')), 0)
    const photo = sharp(readFixture('exif-1.jpg')).resize(640, 480, { fit: 'fill' })
    assert.equal(keptOf(await photo.clone().jpeg({ progressive: true }).toBuffer()), 640 * 480 * 3)
    assert.equal(keptOf(await photo.clone().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer()), 640 * 480 * 6)
  })
})

function changed (file: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(file)
  copy[at] = value
  return copy
}
