import assert from 'node:assert/strict'
import test from 'node:test'
import sharp from 'sharp'
import { tableBytes } from '../../../api/images/webp-tables.ts'
import { readFixture } from '../../fixtures/index.ts'
import { animatedWebp, codeGroups, losslessWebp, oneColourVp8l, webp, withAlphaStream } from '../../hostile/inputs/webp.ts'

const mebi = 2 ** 20
const groupBytes = 5720
const [side, tilesOfSide] = [2048, 256]

for (const groups of [2, 255, 256, 257, 5000, tilesOfSide ** 2]) {
  test(`${groups} groups of codes are counted, and charged by their tables`, () => {
    const stream = codeGroups(side, side, groups)
    const bytes = tableBytes(losslessWebp(side, side, stream))
    assert.equal(bytes, groups * groupBytes + Math.min(groups * 15_000, stream.length * 100))
  })
}

test('an image of one group needs little', () => {
  assert.ok(tableBytes(webp(['VP8L', oneColourVp8l(side, side)])) < 10_000)
})

test('alpha and the first frame count as well', async () => {
  const stream = codeGroups(side, side, 5000)
  const background = { r: 9, g: 9, b: 9, alpha: 0.5 }
  const lossy = await sharp({ create: { width: side, height: side, channels: 4, background } }).webp().toBuffer()
  assert.equal(tableBytes(withAlphaStream(lossy, stream)), tableBytes(losslessWebp(side, side, stream)))
  assert.equal(tableBytes(animatedWebp(side, side, 3)), 3 * tableBytes(webp(['VP8L', oneColourVp8l(side, side)])))
})

for (const [name, effort] of Object.entries({ 'chelsea.png': 4, 'coffee.png': 6, 'palette.png': 6, 'palette-transparent.png': 4, 'rgba.png': 6, 'grey.jpg': 0 })) {
  test(`what an encoder makes of ${name} is read to its groups, which are few`, async () => {
    const bytes = tableBytes(await sharp(readFixture(name)).webp({ lossless: true, effort }).toBuffer())
    assert.ok(bytes >= groupBytes && bytes < mebi, `${bytes} bytes`)
  })
}

test('a lossy file has none, and one that is cut off before its groups none that a decoder would reach', () => {
  assert.equal(tableBytes(readFixture('lossy.webp')), 0)
  const file = losslessWebp(side, side, codeGroups(side, side, 5000))
  for (const length of [0, 11, 12, 20, 21, 25, 26, 30, 100]) assert.equal(tableBytes(file.subarray(0, length)), 0, `${length} bytes`)
})

test('an image of numbers that is too large to be read counts as the most there can be', () => {
  assert.ok(tableBytes(losslessWebp(4000, 4000, codeGroups(4000, 4000, 2))) > 2 ** 16 * groupBytes)
})
