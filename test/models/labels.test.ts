import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { imagenetLabelsPath, readLabels } from '../../models/labels.ts'

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
  test(`refuses ${what}`, async (t) => {
    await assert.rejects(readLabels(fileOf(t, text)), /Expected labels in/)
  })
}

test('refuses JSON that is cut off', async (t) => {
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
