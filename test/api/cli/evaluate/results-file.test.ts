import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { ImageResult } from '../../../../api/cli/evaluate/image-result.ts'
import { ResultsFile } from '../../../../api/cli/evaluate/results-file.ts'

const evaluated = { model: 'm', weightsSha256: 'abc', preprocessing: { cropSize: 64 }, layout: 'plain' }
const images = ['a.jpg', 'b "quoted"\n.jpg', 'c.jpg'].map((name, classIndex) => ({ name, classIndex, read: async () => Buffer.alloc(0) }))
const results: ImageResult[] = [
  { name: images[0]!.name, classIndex: 0, logits: Float32Array.of(1.1, -2e-30) },
  { name: images[1]!.name, classIndex: 1, error: { code: 'corrupt_image', detail: 'cut off' } },
]

async function fileOf (t: TestContext): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'ghostserve-results-'))
  t.after(() => rmSync(root, { recursive: true }))
  const path = join(root, 'images.jsonl')
  const { file, before } = await ResultsFile.open(path, evaluated, images, 2)
  assert.deepEqual(before, [])
  for (const result of results) await file.append(result)
  await file.close()
  return path
}

interface Overrides { readonly evaluated?: typeof evaluated, readonly images?: typeof images, readonly classes?: number }

async function reopen (path: string, overrides: Overrides = {}): Promise<ImageResult[]> {
  const expected = { evaluated, images, classes: 2, ...overrides }
  const { file, before } = await ResultsFile.open(path, expected.evaluated, expected.images, expected.classes)
  await file.close()
  return before
}

test('what was written is read, to the last bit', async (t) => {
  assert.deepEqual(await reopen(await fileOf(t)), results)
})

test('a line that was cut off anywhere is written again, once', async (t) => {
  const path = await fileOf(t)
  const whole = readFileSync(path)
  const complete = whole.subarray(0, whole.indexOf('\n', whole.indexOf('\n') + 1) + 1)
  for (const length of [complete.length, complete.length + 1, whole.length - 1]) {
    writeFileSync(path, whole)
    truncateSync(path, length)
    const { file, before } = await ResultsFile.open(path, evaluated, images, 2)
    assert.deepEqual(before, results.slice(0, 1))
    await file.append(results[1]!)
    await file.close()
    assert.deepEqual(readFileSync(path), whole)
  }
  truncateSync(path, 10)
  assert.deepEqual(await reopen(path), [])
})

test('results of another model, other images or other classes are refused', async (t) => {
  const path = await fileOf(t)
  await assert.rejects(reopen(path, { evaluated: { ...evaluated, weightsSha256: 'def' } }), /Expected results of m .* with weightsSha256 def, got those of m, with weightsSha256 abc: name another --out/)
  await assert.rejects(reopen(path, { images: images.toReversed() }), /Expected line 2 .* to be of c\.jpg \(class 2\), got a\.jpg \(class 0\): it is of another data set/)
  await assert.rejects(reopen(path, { images: images.slice(0, 1) }), /Expected line 3 .* to be of no image/)
  await assert.rejects(reopen(path, { classes: 3 }), /Expected 3 logits in line 2 .* got 2/)
})

test('a line that is no result is refused', async (t) => {
  const path = await fileOf(t)
  appendFileSync(path, '{"name": 7}\n')
  await assert.rejects(reopen(path), /Expected the result of an image on line 4 of .* got /)
})
