/** `ghostserve bench` as it is run. Its numbers must agree with each other; the speed of the machine is unknown. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { Measurement } from '../../../../api/cli/bench/measure-model.ts'
import { readConfig } from '../../../../api/config.ts'
import type { LayoutTiming } from '../../../../api/cli/bench/measure-layouts.ts'
import { fixturePath } from '../../../fixtures/index.ts'
import { ghostserve } from '../ghostserve.ts'

test('measures each batch size for the time that it is given, and prints it for programs', async () => {
  const startedAt = performance.now()
  const { exitCode, stdout, stderr } = await ghostserve('bench', 'bundled', fixturePath('coffee.png'), '--seconds', '0.4', '--json')
  const took = performance.now() - startedAt
  assert.equal(exitCode, 0, stderr)
  const { model, images, decodeMs, batches, layouts, best } = JSON.parse(stdout) as
    Measurement & { model: string, images: string, layouts: LayoutTiming[], best: LayoutTiming }
  assert.deepEqual([model, images], ['ghostnet_050_tin200', '1 given'])
  assert.deepEqual(batches.map(({ batchSize }) => batchSize), [1, 2, 4, 8])
  assert.ok(decodeMs > 0 && decodeMs < took, String(decodeMs))
  for (const { batchSize, sessionMs, imagesPerSecond, meanBatch } of batches) {
    assert.ok(sessionMs > 0 && sessionMs * batchSize < took, String(sessionMs))
    assert.ok(imagesPerSecond > 1, String(imagesPerSecond))
    assert.ok(meanBatch >= 1 && meanBatch <= batchSize, String(meanBatch))
  }
  assert.ok(batches.at(-1)!.meanBatch > 1, 'batches form')
  assert.deepEqual(layouts.map(({ layout, batchSize }) => `${layout} ${batchSize}`),
    ['plain', 'blocked8', 'blocked16'].flatMap((layout) => [1, 2, 4, 8].map((size) => `${layout} ${size}`)))
  assert.ok(layouts.some((timing) => isDeepStrictEqual(timing, best)), JSON.stringify(best))
  assert.ok(layouts.every(({ msPerImage }) => msPerImage > 0 && best.msPerImage <= 1.03 * msPerImage), stdout)
  assert.ok(batches.at(-1)!.sessionMs < 3 * batches[0]!.sessionMs, 'an image in a batch takes no longer than alone')
})

test('prints a table for people, of a generated photo', async () => {
  const { exitCode, stdout, stderr } = await ghostserve('bench', 'bundled', '--seconds', '0.1')
  assert.equal(exitCode, 0, stderr)
  assert.match(stdout, /^images +a generated JPEG of 500 x 400$/m)
  assert.match(stdout, /^decode +\d+\.\d\d ms per image, one at a time$/m)
  assert.match(stdout, /^ +8 +\d+\.\d\d +\d+ +\d\.\d$/m)
  for (const layout of ['plain', 'blocked8', 'blocked16']) assert.match(stdout, new RegExp(`^${layout}( +\\d+\\.\\d\\d){4}$`, 'm'))
  const [, layout, size] = /\n\nBest here:\nLAYOUT=(\S+)\nMAX_BATCH_SIZE=(\d)\n$/.exec(stdout)!
  const config = readConfig({ LAYOUT: layout, MAX_BATCH_SIZE: size })
  assert.deepEqual([config.layout, String(config.maxBatchSize)], [layout, size], 'the service takes them as they are')
})

test('what cannot be measured is said in one sentence', async () => {
  const file = await ghostserve('bench', 'bundled', fixturePath('README.md'))
  assert.equal(file.exitCode, 1)
  assert.match(file.stderr, /^Expected [^\n]*\n$/)
  const seconds = await ghostserve('bench', 'bundled', '--seconds', '0')
  assert.equal(seconds.exitCode, 2)
  assert.match(seconds.stderr, /Expected a number above 0\./)
})
