/** The picture of a Ghost module is what the bundled model makes of the photo, and the page's numbers are the network's. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import sharp from 'sharp'
import { replaceSection } from '../../loadtest/generated-section.ts'
import { drawHalves, ghostDocument, ghostSection, picturePath, readHalves, renderGhostSection } from './feature-maps.ts'

const halves = await readHalves()

test('docs/explanation/ghost-modules.md has the numbers that `npm run docs:ghost` writes', () => {
  const text = readFileSync(ghostDocument, 'utf8')
  assert.equal(text, replaceSection(text, ghostSection, renderGhostSection(halves)))
})

test('the committed picture is the one that is drawn, but for rounding', async () => {
  const rawOf = async (png: Buffer): Promise<Buffer> => await sharp(png).removeAlpha().toColourspace('srgb').raw().toBuffer()
  const [committed, drawn] = [await rawOf(readFileSync(picturePath)), await rawOf(await drawHalves(halves))]
  assert.equal(committed.length, drawn.length)
  let difference = 0
  for (const [i, value] of committed.entries()) difference += Math.abs(value - drawn[i]!)
  assert.ok(difference / committed.length < 2, `${difference / committed.length} of 255 in the mean`)
})
