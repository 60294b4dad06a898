/** The page of `ghostserve inspect --html`, with the times of the bundled model on this machine. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { describeGhostNet } from '../../../../models/ghostnet.ts'
import { goldenPath } from '../../../fixtures/index.ts'
import { ghostserve } from '../ghostserve.ts'
import { chromium, drawPage } from '../../report/draw-page.ts'

async function pageOf (t: TestContext, subject: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-inspect-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { exitCode, stdout, stderr } = await ghostserve('inspect', subject, '--html', join(folder, 'network.html'))
  assert.equal(exitCode, 0, stderr)
  assert.match(stdout, /^classifier /m, 'what is printed stays')
  return readFileSync(join(folder, 'network.html'), 'utf8')
}

/** The rows of the first table whose heading that is. */
const rowsOf = (page: string, heading: string): string[][] => {
  const [, body = ''] = page.slice(page.indexOf(`<h2>${heading}</h2>`)).split(/<tbody>|<\/tbody>/)
  return body.split('</tr>').map((row) => [...row.matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, cell]) => cell!)).filter((row) => row.length > 0)
}

test('a model has every stage with its time, every layer, and loads nothing', async (t) => {
  const page = await pageOf(t, 'bundled')
  assert.doesNotMatch(page, /<(?:script|link|img|iframe)[^>]+(?:src|href)=/)
  const stages = rowsOf(page, 'What each stage costs')
  assert.equal(page.match(/<rect /g)!.length, stages.length)
  assert.deepEqual([stages[0]![0], stages.at(-1)![0], stages.length], ['conv_stem', 'classifier', 20])
  assert.ok(stages.every((row) => row.length === 6 && Number(row[5]) > 0), 'no stage takes no time')
  const layers = describeGhostNet({ width: 0.5, classes: 200 }, 128)
  const shown = rowsOf(page, 'Layers')
  assert.ok(shown.every((row) => row.length === 7 && Number(row[6]) >= 0))
  assert.ok(shown.filter((row) => Number(row[6]) > 0).length > 0.9 * shown.length, 'hardly a layer takes no time')
  assert.deepEqual(shown.map(([name, , , , , macs]) => [name, Number(macs)]), layers.map(({ name, macs }) => [name, macs]))
  if (chromium === undefined) process.stderr.write('!!! SKIPPED: there is no Chromium, so no browser drew the page of a network\n')
  else assert.equal(await drawPage(t, page), 1)
})

test('a checkpoint has no times, and the page says why', async (t) => {
  const page = await pageOf(t, goldenPath('checkpoints', 'mindcv.ckpt'))
  assert.match(page, /No times: a checkpoint has no graph that could be run\./)
  assert.ok(rowsOf(page, 'What each stage costs').every((row) => row.length === 5))
})
