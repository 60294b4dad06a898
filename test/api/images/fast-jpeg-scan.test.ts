/** Whatever session workers decode is the same image for libvips: scans that are not are left to it. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { suite } from 'node:test'
import sharp from 'sharp'
import { decodeFastJpeg, collectGarbage } from '../../../api/images/decode-fast-jpeg.ts'
import { asFastJpeg } from '../../../api/images/fast-jpeg.ts'
import { isFastJpegScan } from '../../../api/images/fast-jpeg-scan.ts'
import { preprocess } from '../../../api/images/preprocess.ts'
import { packageRoot } from '../../../models/package-root.ts'
import { preprocessingPresets } from '../../../models/manifest/preprocessing.ts'
import { readFixture } from '../../fixtures/index.ts'
import { Random } from '../../fuzz/random.ts'
import { segment } from '../../hostile/inputs/jpeg.ts'
import { plainJpeg, type Block } from '../../hostile/inputs/plain-jpeg-writer.ts'
import { meanDifference } from '../pipeline/golden-cases.ts'
import { unlimited } from '../pipeline/preprocess-options.ts'

const preprocessing = { ...preprocessingPresets.imagenet, cropSize: 96, cropPct: 1 }
const options = unlimited(preprocessing)
const endOfImage = Buffer.from([0xff, 0xd9])
const startOf = (photo: Buffer): number => photo.lastIndexOf(Buffer.from([0xff, 0xda])) + 14

/** Whether a session worker would decode it. */
function isPlain (file: Buffer): boolean {
  const plain = asFastJpeg(file, options)
  return plain !== undefined && isFastJpegScan(plain.file, plain.columns.source, plain.rows.source)
}

/** In the head of the scan, those of the second channel. */
const tablesAt = (file: Buffer): number => startOf(file) - 6

const fixtures = ['exif-1.jpg', 'chroma-444.jpg', 'chroma-422.jpg', 'margin-117.jpg'].map(readFixture)

suite('scans of photos', () => {
  for (const tenths of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    test(`cut at ${tenths * 10} % and ended with a marker of the end, they are left to libvips`, () => {
      for (const photo of fixtures) {
        const start = startOf(photo)
        assert.ok(isPlain(photo))
        const cut = Buffer.concat([photo.subarray(0, start + Math.floor((photo.length - 2 - start) * tenths / 10)), endOfImage])
        assert.ok(asFastJpeg(cut, options) === undefined || !isPlain(cut))
      }
    })
  }

  test('without their last byte, or with one more, they are left to libvips', () => {
    for (const photo of fixtures) {
      assert.equal(isPlain(Buffer.concat([photo.subarray(0, -3), endOfImage])), false)
      assert.equal(isPlain(Buffer.concat([photo.subarray(0, -2), Buffer.from([0x55]), endOfImage])), false)
    }
  })

  test('of another height than they have blocks for, they are left to libvips', () => {
    for (const photo of fixtures) {
      const frame = photo.indexOf(Buffer.from([0xff, 0xc0]))
      for (const rows of [-16, 16]) {
        const file = Buffer.from(photo)
        file.writeUInt16BE(photo.readUInt16BE(frame + 5) + rows, frame + 5)
        assert.equal(isPlain(file), false, `${rows} rows`)
      }
    }
  })

  test('of every quality and sampling they are decoded by sessions', async () => {
    for (const quality of [5, 30, 60, 80, 90, 95, 100]) {
      for (const chromaSubsampling of ['4:2:0', '4:4:4']) {
        for (const optimiseCoding of [true, false]) {
          const file = await sharp(readFixture('exif-1.jpg')).jpeg({ quality, chromaSubsampling, optimiseCoding }).toBuffer()
          assert.ok(isPlain(file), `${quality}, ${chromaSubsampling}, ${optimiseCoding}`)
        }
      }
    }
  })
})

const side = 16
const units = side * side
/** Every block as `blockOf` has it for luminance; both chrominances are grey. */
function picture (quantiser: number, blockOf: (unit: number) => Block, rest: { extra?: Buffer, behind?: string } = {}): Buffer {
  const blocks = Array.from({ length: units }, (_, unit) => [blockOf(unit), { dc: 0 }, { dc: 0 }]).flat()
  return plainJpeg({ side, quantiser, blocks, ...rest })
}

const grey = (): Block => ({ dc: 0 })
const first = (block: Block) => (unit: number): Block => unit === 0 ? block : { dc: 0 }

suite('numbers', () => {
  const plain: Record<string, Buffer> = {
    grey: picture(1, grey),
    'a ramp from black to white': picture(8, (unit) => ({ dc: unit === 0 ? -127 : 1 })),
    'the last coefficient': picture(8, first({ dc: 0, ac: [[15, 1], [15, 1], [15, 1], [14, 1]] })),
    'a block without an end': picture(8, first({ dc: 0, ac: Array(63).fill([0, 1]) })),
    'many small ones in every column': picture(16, first({ dc: 0, ac: Array(63).fill([0, 15]) })),
  }
  for (const [what, file] of Object.entries(plain)) {
    test(`${what}: decoded by a session, as libvips decodes it`, async () => {
      assert.ok(isPlain(file))
      assert.ok(await differenceOf(file) <= 0.5)
    })
  }

  const doubtful: Record<string, Buffer> = {
    'a DC coefficient that leaves 16 bits at once': picture(64, first({ dc: 1024 })),
    'one that leaves them step by step': picture(64, () => ({ dc: 30 })),
    'one that leaves them and comes back': picture(64, (unit) => ({ dc: unit % 2 === 0 ? 1024 : -1024 })),
    'one that leaves them downwards': picture(255, () => ({ dc: -10 })),
    'an AC coefficient that leaves them': picture(255, first({ dc: 0, ac: [[0, 1023]] })),
    'one that fits, but not what it is multiplied by': picture(8, first({ dc: 0, ac: [[0, 800]] })),
    'many that fit, but not their sum': picture(16, first({ dc: 0, ac: Array(40).fill([0, 60]) })),
    'an AC coefficient of 11 bits': picture(1, first({ dc: 0, ac: [[0, 2047]] })),
    'a coefficient behind the last': picture(1, first({ dc: 0, ac: [...Array(4).fill([15, 1]), [0, 1]] })),
    'zeros behind the last': picture(1, first({ dc: 0, ac: Array(4).fill([15, 0]) })),
    'a value of no bits': picture(1, first({ dc: 0, ac: [[3, 0]] })),
    'eight bits behind the last block': picture(1, grey, { behind: '0'.repeat(16) }),
    'a restart interval': picture(1, grey, { extra: segment(0xdd, Buffer.from([0, 8])) }),
    'a restart interval of nothing': picture(1, grey, { extra: segment(0xdd, Buffer.from([0, 0])) }),
    'a table that is defined anew': picture(1, grey, { extra: segment(0xdb, Buffer.from([0, ...Array(64).fill(99)])) }),
    'quantisers of 16 bits': picture(1, grey, { extra: segment(0xdb, Buffer.from([0x11, ...Array(128).fill(1)])) }),
    'a code of ones alone': picture(1, grey, { extra: segment(0xc4, Buffer.from([0x01, 2, ...Array(15).fill(0), 0, 1])) }),
    'more codes than there can be': picture(1, grey, { extra: segment(0xc4, Buffer.from([0x11, 3, ...Array(15).fill(0), 0, 1, 2])) }),
    'a table longer than its segment': picture(1, grey, { extra: segment(0xc4, Buffer.from([0x11, 9, ...Array(15).fill(0), 0])) }),
  }
  // Tables that no channel has are not read, so the first chrominance gets them.
  for (const [what, tables] of [['a code of ones alone', 0x10], ['more codes than there can be', 0x01]] as const) {
    const file = doubtful[what]!
    file[tablesAt(file)] = tables
  }
  for (const [what, file] of Object.entries(doubtful)) {
    test(`${what}: left to libvips`, () => assert.equal(isPlain(file), false))
  }

  test('a table that is missing: left to libvips', () => {
    for (const kind of [0xdb, 0xc4]) {
      const file = picture(1, grey)
      file[file.indexOf(Buffer.from([0xff, kind])) + 1] = 0xe0
      assert.equal(isPlain(file), false)
    }
  })
})

/** Mean difference, of 255. */
async function differenceOf (file: Buffer): Promise<number> {
  const pixels = new Uint8Array(preprocessing.cropSize ** 2 * 3)
  assert.ok(decodeFastJpeg(asFastJpeg(file, options)!, preprocessing, pixels))
  await collectGarbage()
  return meanDifference(pixels, await preprocess(file, options, new AbortController().signal))
}

const inScan = (photo: Buffer, random: Random, spare = 0): number =>
  startOf(photo) + random.below(photo.length - 2 - startOf(photo) - spare)

const mutations: Record<string, (photo: Buffer, random: Random) => Buffer> = {
  'bits of the scan flipped' (photo, random) {
    const file = Buffer.from(photo)
    for (let count = 1 + random.below(4); count > 0; count--) file[inScan(photo, random)]! ^= 1 << random.below(8)
    return file
  },
  'a scan that ends early' (photo, random) {
    return Buffer.concat([photo.subarray(0, inScan(photo, random)), endOfImage])
  },
  'some of the scan removed' (photo, random) {
    const at = inScan(photo, random, 64)
    return Buffer.concat([photo.subarray(0, at), photo.subarray(at + 1 + random.below(64))])
  },
  'some of the scan elsewhere' (photo, random) {
    const file = Buffer.from(photo)
    const [to, from] = [inScan(photo, random, 64), inScan(photo, random, 64)]
    file.copyWithin(to, from, from + 1 + random.below(64))
    return file
  },
  'something between' (photo, random) {
    const at = inScan(photo, random)
    const noise = Buffer.from(Array.from({ length: 1 + random.below(9) }, () => random.below(255)))
    return Buffer.concat([photo.subarray(0, at), noise, photo.subarray(at)])
  },
  'a stray restart' (photo, random) {
    const at = inScan(photo, random)
    return Buffer.concat([photo.subarray(0, at), Buffer.from([0xff, 0xd0 + random.below(8)]), photo.subarray(at)])
  },
  'a restart interval without restarts' (photo, random) {
    return Buffer.concat([photo.subarray(0, 2), segment(0xdd, Buffer.from([0, 1 + random.below(50)])), photo.subarray(2)])
  },
  'other quantisers' (photo, random) {
    const file = Buffer.from(photo)
    const at = file.indexOf(Buffer.from([0xff, 0xdb])) + 5
    for (let count = 1 + random.below(64); count > 0; count--) file[at + random.below(64)] = random.pick([1, 16, 64, 128, 255])
    return file
  },
  'other symbols' (photo, random) {
    const file = Buffer.from(photo)
    const at = file.indexOf(Buffer.from([0xff, 0xc4])) + 21
    file[at + random.below(12)] = random.below(12)
    return file
  },
  'other sides' (photo, random) {
    const file = Buffer.from(photo)
    const at = file.indexOf(Buffer.from([0xff, 0xc0])) + 5 + 2 * random.below(2)
    file.writeUInt16BE(100 + random.below(300), at)
    return file
  },
}
/** None of them can be whole. */
const neverPlain = new Set(['a scan that ends early', 'a stray restart', 'a restart interval without restarts'])
/** Each. */
const files = 60

suite('two decoders of one file', () => {
  for (const [what, change] of Object.entries(mutations)) {
    test(`${files} photos with ${what}: whatever a session decodes, libvips sees as well`, async (t) => {
      let plain = 0
      let largest = 0
      for (let i = 0; i < files; i++) {
        const random = new Random(15, i)
        const file = change(random.pick(fixtures), random)
        if (!isPlain(file)) continue
        plain++
        largest = Math.max(largest, await differenceOf(file))
      }
      t.diagnostic(`${plain} decoded by a session, which differs by ${largest.toFixed(3)} of 255 at most`)
      assert.ok(largest <= 0.5, `mean difference ${largest}`)
      assert.equal(plain > 0, !neverPlain.has(what))
    })
  }
})

for (const name of ['attacks/two-pictures-white.jpg', 'images/scan-ends-early-30.jpg']) {
  const file = join(packageRoot, '../shared/cases', name)
  test(`${name} is left to libvips`, { skip: existsSync(file) ? false : `there is no ${file}` }, () => {
    assert.equal(isPlain(readFileSync(file)), false)
  })
}
