import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { replaceFile, withDraft } from '../../models/draft.ts'

function scratch (t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-draft-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a draft that fails leaves nothing, be it a file or a folder', async (t) => {
  const folder = scratch(t)
  await assert.rejects(withDraft(folder, async (draft) => {
    mkdirSync(draft)
    writeFileSync(join(draft, 'part'), '')
    throw new Error('no more')
  }), /no more/)
  mkdirSync(join(folder, 'taken'))
  await assert.rejects(replaceFile(join(folder, 'taken'), 'text'))
  assert.deepEqual(readdirSync(folder), ['taken'])
  assert.deepEqual(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => process.listenerCount(signal)), [0, 0, 0])
})

test('drafts of one file at the same time do not meet: one of them is the file', async (t) => {
  const path = join(scratch(t), 'file')
  const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000))
  await Promise.all(texts.map(async (text) => await replaceFile(path, text)))
  assert.ok(texts.includes(readFileSync(path, 'utf8')))
  assert.deepEqual(readdirSync(join(path, '..')), ['file'])
})

test('drafts of processes that are no more go, those of others and what only looks like one stay', async (t) => {
  const folder = scratch(t)
  const ended = 2 ** 22 + 1 // above the largest that Linux gives
  const stale = `.ghostserve-${hostname()}-${ended}-0123abcd`
  const kept = [
    `.ghostserve-${hostname()}-${process.ppid}-0123abcd`, `.ghostserve-another.host-${ended}-0123abcd`, `${stale}.old`, `.ghostserve-${hostname()}-${ended}`, '.ghostserve',
  ]
  for (const name of [stale, ...kept]) mkdirSync(join(folder, name))
  await replaceFile(join(folder, 'file'), 'text')
  assert.deepEqual(readdirSync(folder).sort(), [...kept, 'file'].sort())
})
