import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { imagenetLabelsPath, readLabels } from '../../../models/manifest/labels.ts'

function fileOf (t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'ghostserve-labels-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'labels'), text)
  return join(directory, 'labels')
}

const forms = {
  'a JSON array of names': '["cat", "dog"]',
  'a JSON array of labels': '[{"label": "cat"}, {"label": "dog"}]',
  'a JSON object by class index, in any order': '{"1": "dog", "0": "cat"}',
  'a class a line': 'cat\r\n\ndog\n',
}
for (const [form, text] of Object.entries(forms)) {
  test(`reads ${form}`, async (t) => {
    assert.deepEqual(await readLabels(fileOf(t, text)), [{ label: 'cat' }, { label: 'dog' }])
  })
}

test('reads WordNet ids before the names', async (t) => {
  assert.deepEqual(await readLabels(fileOf(t, 'n02123045 tabby, tabby cat')), [{ wnid: 'n02123045', label: 'tabby, tabby cat' }])
})

for (const [what, text] of [['an object with a gap', '{"0": "cat", "2": "dog"}'], ['numbers', '[1, 2]'], ['an empty file', '']] as const) {
  test(`rejects ${what}`, async (t) => {
    await assert.rejects(readLabels(fileOf(t, text)), /Expected labels in/)
  })
}

test('rejects JSON that is cut off', async (t) => {
  await assert.rejects(readLabels(fileOf(t, '["cat", ')), /does not parse/)
})

test('ImageNet has 1000 labels in the order of their WordNet ids', async () => {
  const labels = await readLabels(imagenetLabelsPath)
  const wnids = labels.map(({ wnid }) => wnid!)
  assert.equal(labels.length, 1000)
  assert.deepEqual(wnids, [...new Set(wnids)].sort())
  assert.equal(labels[281]?.label, 'tabby, tabby cat')
  assert.equal(labels[967]?.label, 'espresso')
})

function foldersOf (t: TestContext, ...folders: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'ghostserve-labels-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true })
  writeFileSync(join(root, 'README.md'), 'no class')
  return root
}

test('reads the folders of a data set, in the order of their code points, as Python sorts them', async (t) => {
  // U+FF5E is before U+1F600, whose first half in UTF-16 is below it.
  const root = foldersOf(t, '10', '9', 'b', 'B', '\u{1F600}', '\uFF5E', 'a')
  assert.deepEqual((await readLabels(root)).map(({ label }) => label), ['10', '9', 'B', 'a', 'b', '\uFF5E', '\u{1F600}'])
})

test('reads the training part of a data set that has parts, and knows ImageNet\'s folders', async (t) => {
  assert.deepEqual(await readLabels(foldersOf(t, 'train/n01440764', 'train/n99999999', 'val/n01440764')),
    [{ wnid: 'n01440764', label: 'tench, Tinca tinca' }, { label: 'n99999999' }])
})

test('a class may be called train', async (t) => {
  assert.deepEqual((await readLabels(foldersOf(t, 'car', 'train'))).map(({ label }) => label), ['car', 'train'])
})

test('a folder without folders holds no labels', async (t) => {
  await assert.rejects(readLabels(foldersOf(t)), { code: 'MODEL_INVALID', message: /Expected a folder for each class in .*, found none/ })
})
