/** An archive in shards: whatever ends a process, the next one continues, and nothing is lost or done twice. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { packageRoot } from '../../../models/package-root.ts'
import { commandLine } from './ghostserve.ts'

interface Line { file: string, predictions?: unknown[], error?: { code: string } }

const photos = ['chelsea.png', 'coffee.png', 'small.png', 'lossy.webp'].map((name) => join(packageRoot, 'test/fixtures', name))

function makeList (t: TestContext, files: readonly string[]): { list: string, out: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-list-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'list.txt'), `${files.join('\n')}\n`)
  return { list: join(folder, 'list.txt'), out: join(folder, 'out.jsonl') }
}

function start (list: string, shard: string, out: string) {
  const child = spawn(process.execPath, [commandLine, 'classify', 'bundled', '-k', '1', '--list', list, '--shard', shard, '--out', out],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, WORKERS: '1' } })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
  const ended = once(child, 'close').then(([exitCode]) => ({ exitCode: exitCode as number | null, stderr }))
  return { child, ended }
}

const readText = (path: string): string => existsSync(path) ? readFileSync(path, 'utf8') : ''
const readLines = (path: string): Line[] => readText(path).trimEnd().split('\n').map((line) => JSON.parse(line) as Line)

test('a shard that is killed again and again loses and repeats nothing', async (t) => {
  const files = Array.from({ length: 400 }, (_, i) => photos[i % photos.length]!)
  const { list, out } = makeList(t, files)
  let kills = 0
  for (let size = 0; kills < 3; kills++) {
    const { child, ended } = start(list, '0/1', out)
    while (child.exitCode === null && readText(out).length <= size) await sleep(5)
    child.kill('SIGKILL')
    assert.equal((await ended).exitCode, null, 'it was killed while it worked')
    size = Buffer.byteLength(readText(out))
    truncateSync(out, size - 10) // as if it had been killed in the middle of a write
  }
  const { exitCode, stderr } = await start(list, '0/1', out).ended
  assert.equal(exitCode, 0, stderr)
  assert.match(stderr, /^\d+ labelled, 0 failed, [1-9]\d* before\.$/m)
  const lines = readLines(out)
  assert.deepEqual(lines.map(({ file }) => file), files)
  assert.ok(lines.every(({ predictions }) => predictions?.length === 1))

  const again = await start(list, '0/1', out).ended
  assert.match(again.stderr, /^0 labelled, 0 failed, 400 before\.$/m)
  assert.deepEqual(readLines(out), lines)
})

test('the shards of a list are all of it; a file that cannot be classified has its reason', async (t) => {
  const files = [...photos, 'missing.jpg', join(packageRoot, 'test/fixtures/README.md'), photos[0]!]
  const { list, out } = makeList(t, files)
  for (const i of [0, 1]) assert.equal((await start(list, `${i}/2`, `${out}.${i}`).ended).exitCode, 0)
  const shards = [0, 1].map((i) => readLines(`${out}.${i}`))
  assert.deepEqual(files.map((_, i) => shards[i % 2]![Math.floor(i / 2)]!.file), files)
  assert.deepEqual(shards[0]![2]!.error?.code, 'ENOENT')
  assert.deepEqual(shards[1]![2]!.error?.code, 'unsupported_media')

  const { exitCode, stderr } = await start(list, '1/2', `${out}.0`).ended
  assert.equal(exitCode, 2)
  assert.match(stderr, /^Expected line 1 of .* to be of .*coffee\.png, got .*chelsea\.png: it is of another list or shard\.$/m)
})

test('a shard that does not exist is refused', async (t) => {
  const { list, out } = makeList(t, photos)
  for (const shard of ['2/2', '1', '-1/2', 'a/b']) {
    const { exitCode, stderr } = await start(list, shard, out).ended
    assert.equal(exitCode, 2, shard)
    assert.match(stderr, /Expected INDEX\/COUNT/)
  }
})
