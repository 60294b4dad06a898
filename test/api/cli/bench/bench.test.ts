/** `ghostserve bench` as it is run. What it says must fit together; how fast the machine is, nobody knows. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Measurement } from '../../../../api/cli/bench/measure-model.ts'
import { fixturePath } from '../../../fixtures/index.ts'
import { ghostserve } from '../ghostserve.ts'

test('measures each batch size for the time that it is given, and prints it for programs', async () => {
  const startedAt = performance.now()
  const { exitCode, stdout, stderr } = await ghostserve('bench', 'bundled', fixturePath('coffee.png'), '--seconds', '0.4', '--json')
  const took = performance.now() - startedAt
  assert.equal(exitCode, 0, stderr)
  const { model, images, decodeMs, batches } = JSON.parse(stdout) as Measurement & { model: string, images: string }
  assert.deepEqual([model, images], ['ghostnet_050_tin200', '1 given'])
  assert.deepEqual(batches.map(({ batchSize }) => batchSize), [1, 2, 4, 8])
  assert.ok(decodeMs > 0 && decodeMs < took, String(decodeMs))
  for (const { batchSize, sessionMs, imagesPerSecond, meanBatch } of batches) {
    assert.ok(sessionMs > 0 && sessionMs * batchSize < took, String(sessionMs))
    assert.ok(imagesPerSecond > 1, String(imagesPerSecond))
    assert.ok(meanBatch >= 1 && meanBatch <= batchSize, String(meanBatch))
  }
  assert.ok(batches.at(-1)!.meanBatch > 1, 'batches form')
  assert.ok(batches.at(-1)!.sessionMs < 3 * batches[0]!.sessionMs, 'an image in a batch takes no longer than alone')
})

test('prints a table for people, of a generated photo', async () => {
  const { exitCode, stdout, stderr } = await ghostserve('bench', 'bundled', '--seconds', '0.1')
  assert.equal(exitCode, 0, stderr)
  assert.match(stdout, /^images +a generated JPEG of 500 x 400$/m)
  assert.match(stdout, /^decode +\d+\.\d\d ms an image, one at a time$/m)
  assert.match(stdout, /^ +8 +\d+\.\d\d +\d+ +\d\.\d$/m)
})

test('what cannot be measured is said in one sentence', async () => {
  const file = await ghostserve('bench', 'bundled', fixturePath('README.md'))
  assert.equal(file.exitCode, 1)
  assert.match(file.stderr, /^Expected [^\n]*\n$/)
  const seconds = await ghostserve('bench', 'bundled', '--seconds', '0')
  assert.equal(seconds.exitCode, 2)
  assert.match(seconds.stderr, /Expected a number above 0\./)
})
