import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, openSync, closeSync, ftruncateSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { JsonLinesFile } from '../../../api/cli/json-lines-file.ts'
import { TryAgainError, UsageError } from '../../../api/cli/usage-error.ts'

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

test('of two processes that write a file the one that comes second ends, at each of its steps', async (t) => {
  const path = fileIn(t)
  const isOther = { name: TryAgainError.name, message: /^Expected .* to stay as this process left it, but another process writes it: / }
  const [{ file: first }, { file: second }] = [await open(path), await open(path)]
  await first.append({ i: 0, text: '' })
  await assert.rejects(second.append({ i: 0, text: '' }), isOther)
  await assert.rejects(second.finish(), isOther)

  // `first` was taken for dead, and goes on once another has continued its file.
  const { file: next, lines } = await open(path)
  assert.deepEqual(lines, ['{"i":0,"text":""}'])
  await next.append({ i: 1, text: '' })
  await assert.rejects(first.append({ i: 1, text: '' }), isOther)
  await assert.rejects(first.finish(), isOther)
  await next.append({ i: 2, text: '' })
  await next.finish()

  const { file: late } = await open(path)
  await next.append({ i: 3, text: '' })
  await assert.rejects(late.append({ i: 3, text: '' }), isOther)
  assert.equal(readFileSync(path, 'utf8'), '{"i":0,"text":""}\n{"i":1,"text":""}\n{"i":2,"text":""}\n{"i":3,"text":""}\n')
  for (const file of [first, second, next, late]) await file.close()
})

test('a torn line is cut off only by the process that continues the file', async (t) => {
  const path = fileIn(t)
  writeFileSync(path, '{"i":0,"text":""}\n{"i":1,"te')
  const [{ file: first }, { file: second }] = [await open(path), await open(path)]
  await first.append({ i: 1, text: '' })
  await assert.rejects(second.append({ i: 1, text: '' }), TryAgainError)
  await first.append({ i: 2, text: '' })
  assert.equal(readFileSync(path, 'utf8'), '{"i":0,"text":""}\n{"i":1,"text":""}\n{"i":2,"text":""}\n')
  for (const file of [first, second]) await file.close()
})

test('a film, which has no lines, is rejected by its beginning', async (t) => {
  const path = fileIn(t)
  const descriptor = openSync(path, 'w')
  ftruncateSync(descriptor, 2 ** 36) // 64 GiB of zeros, which take no room
  closeSync(descriptor)
  const before = performance.now()
  await assert.rejects(open(path), /Expected ours, got 65536 characters/)
  assert.ok(performance.now() - before < 1000)
})
