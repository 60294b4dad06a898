import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdtempSync, openSync, closeSync, ftruncateSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { JsonLinesFile } from '../../../api/cli/json-lines-file.ts'
import { UsageError } from '../../../api/cli/usage-error.ts'

function fileIn (t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'ghostserve-lines-'))
  t.after(() => rmSync(root, { recursive: true }))
  return join(root, 'lines.jsonl')
}

/** Lines are `{"i":INDEX,"text":"..."}`. */
async function open (path: string): Promise<{ file: JsonLinesFile, lines: string[] }> {
  const lines: string[] = []
  const beginning = (index: number): string => `{"i":${index},`
  const read = (line: string, index: number): void => {
    if (!line.startsWith(beginning(index)) || !line.endsWith('}')) throw new UsageError(`Expected ours, got ${line.length} characters.`)
    lines.push(line)
  }
  return { file: await JsonLinesFile.open(path, { beginning, read }), lines }
}

test('is there from its first line on, or once it is finished without any', async (t) => {
  const path = fileIn(t)
  const { file, lines } = await open(path)
  await file.close()
  assert.deepEqual([lines, existsSync(path)], [[], false])
  const { file: begun } = await open(path)
  await begun.append({ i: 0, text: 'ä' })
  assert.equal(readFileSync(path, 'utf8'), '{"i":0,"text":"ä"}\n')
  await begun.close()
  rmSync(path)
  const { file: empty } = await open(path)
  await empty.finish()
  await empty.close()
  assert.equal(readFileSync(path, 'utf8'), '')
})

test('lines longer than what is read at once, and characters of several bytes at every border, are read whole', async (t) => {
  const path = fileIn(t)
  const whole = Array.from({ length: 8 }, (_, i) => `${JSON.stringify({ i, text: `${'x'.repeat(i)}${'ä€😀'.repeat(30_000)}` })}\n`)
  writeFileSync(path, `${whole.join('')}{"i":8,"text":"cut`)
  const { file, lines } = await open(path)
  assert.deepEqual(lines.map((line) => `${line}\n`), whole)
  assert.match(readFileSync(path, 'utf8'), /"cut$/, 'nothing is cut off before something is written')
  await file.append({ i: 8 })
  await file.close()
  assert.equal(readFileSync(path, 'utf8'), `${whole.join('')}{"i":8}\n`)
})

test('a file that another process writes meanwhile is left to it', async (t) => {
  const path = fileIn(t)
  const [{ file: first }, { file: second }] = [await open(path), await open(path)]
  await first.append({ i: 0, text: '' })
  await assert.rejects(second.append({ i: 0, text: '' }), /something was made there meanwhile/)
  await first.close()

  const { file } = await open(path)
  appendFileSync(path, '{"i":1,"text":""}\n')
  await assert.rejects(file.append({ i: 1, text: '' }), /Expected .* to stay as it was found, but another process writes it\./)
  await file.close()
  assert.equal(readFileSync(path, 'utf8'), '{"i":0,"text":""}\n{"i":1,"text":""}\n')
})

test('a film, which has no lines, is refused by its beginning', async (t) => {
  const path = fileIn(t)
  const descriptor = openSync(path, 'w')
  ftruncateSync(descriptor, 2 ** 36) // 64 GiB of zeros, which take no room
  closeSync(descriptor)
  const before = performance.now()
  await assert.rejects(open(path), /Expected ours, got 65536 characters/)
  assert.ok(performance.now() - before < 1000)
})
