/** Every command of the tutorial and of these guides runs, in its order, and prints what the page shows: `npm run test:docs`. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { packageRoot } from '../../models/package-root.ts'
import { readCommands, type CommandBlock } from './page-commands.ts'
import { PageShell } from './page-shell.ts'

const pages = ['tutorial/first-labels.md', 'how-to/protect-with-keys.md', 'how-to/label-an-archive.md', 'how-to/serve-your-checkpoint.md', 'how-to/watch-it.md']

/** A score that another processor's layout rounds differently is the same. */
const tolerance = 1e-3

const hasCurl = spawnSync('curl', ['--version']).error === undefined
if (!hasCurl) process.stderr.write('!!! SKIPPED: there is no curl, so no command of docs/ was run\n')

for (const page of pages) {
  test(`docs/${page}`, { skip: !hasCurl && 'there is no curl' }, async (t) => {
    const blocks = readCommands(readFileSync(join(packageRoot, 'docs', page), 'utf8'))
    assert.ok(blocks.some(({ skipped }) => skipped === undefined))
    const shell = new PageShell()
    t.after(() => shell.close())
    for (const block of blocks) {
      const name = `line ${block.line}: ${block.code.split('\n').at(-1)!.slice(0, 80)}`
      if (block.skipped !== undefined) process.stderr.write(`!!! SKIPPED: docs/${page}, ${name}: ${block.skipped}\n`)
      await t.test(name, { skip: block.skipped ?? false }, async () => check(block, await shell.run(block.code)))
    }
  })
}

function check ({ shown }: CommandBlock, printed: string): void {
  if (shown?.language === 'json') {
    const expected: unknown = JSON.parse(shown.content)
    assert.deepEqual(forgive(JSON.parse(printed), expected), expected)
  } else if (shown !== undefined) assert.equal(printed.trim(), shown.content.trim())
}

/** What was printed, but with the shown request ids, which are drawn, and shown numbers that are near enough. */
function forgive (printed: unknown, shown: unknown): unknown {
  if (typeof printed === 'number' && typeof shown === 'number') return Math.abs(printed - shown) < tolerance ? shown : printed
  if (typeof printed !== 'object' || printed === null || typeof shown !== 'object' || shown === null) return printed
  if (Array.isArray(printed)) return printed.map((item, i) => forgive(item, (shown as unknown[])[i]))
  return Object.fromEntries(Object.entries(printed).map(([key, member]) =>
    [key, key === 'requestId' ? (shown as { requestId: unknown }).requestId : forgive(member, (shown as Record<string, unknown>)[key])]))
}

test('a printed answer may differ from the shown one by rounding and by the request id only', () => {
  const shown = { requestId: 'a', results: [{ label: 'x', score: 0.5 }] }
  assert.deepEqual(forgive({ requestId: 'b', results: [{ label: 'x', score: 0.5001 }] }, shown), shown)
  for (const other of [{ requestId: 'a', results: [{ label: 'y', score: 0.5 }] }, { requestId: 'a', results: [{ label: 'x', score: 0.6 }] }, { requestId: 'a', results: [] }]) {
    assert.notDeepEqual(forgive(other, shown), shown)
  }
})

test('blocks are read with their answers and reasons', () => {
  const page = '# A\n\n```sh\none\n```\n\n```json\n{"a": 1}\n```\n\nNot run by a test: it costs money.\n\n```sh\ntwo\n```\n\ntext\n\n```text\nno answer\n```\n'
  assert.deepEqual(readCommands(page), [
    { line: 3, code: 'one', shown: { language: 'json', content: '{"a": 1}' }, skipped: undefined },
    { line: 13, code: 'two', shown: undefined, skipped: 'it costs money.' },
  ])
})
