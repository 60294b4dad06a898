/** An archive in shards: whatever ends a process, the next one continues, and nothing is lost or done twice. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { packageRoot } from '../../../../models/package-root.ts'
import { commandLine, ghostserve } from '../ghostserve.ts'

interface Line { file: string, predictions?: unknown[], error?: { code: string } }

const photos = ['chelsea.png', 'coffee.png', 'small.png', 'lossy.webp'].map((name) => join(packageRoot, 'test/fixtures', name))

function makeList (t: TestContext, files: readonly string[]): { list: string, out: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-list-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'list.txt'), `${files.join('\n')}\n`)
  return { list: join(folder, 'list.txt'), out: join(folder, 'out.jsonl') }
}

function start (list: string, shard: string, out: string, ...options: string[]) {
  const child = spawn(process.execPath, [commandLine, 'classify', 'bundled', '-k', '1', '--list', list, '--shard', shard, '--out', out, ...options],
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
  for (const i of [0, 1]) {
    const { exitCode, stderr } = await start(list, `${i}/2`, `${out}.${i}`).ended
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, [/^3 labelled, 1 failed \(1 ENOENT\), 0 before\.$/m, /^2 labelled, 1 failed \(1 unsupported_media\), 0 before\.$/m][i]!)
  }
  const shards = [0, 1].map((i) => readLines(`${out}.${i}`))
  assert.deepEqual(files.map((_, i) => shards[i % 2]![Math.floor(i / 2)]!.file), files)
  assert.deepEqual(shards[0]![2]!.error?.code, 'ENOENT')
  assert.deepEqual(shards[1]![2]!.error?.code, 'unsupported_media')

  const { exitCode, stderr } = await start(list, '1/2', `${out}.0`).ended
  assert.equal(exitCode, 2)
  assert.match(stderr, /^Expected line 1 of .* to be of .*coffee\.png, got .*chelsea\.png: it is of another list or shard\.$/m)
})

test('a list without any labels has failed, now and at every attempt, and says what its paths are relative to', async (t) => {
  const { list, out } = makeList(t, ['missing.png', 'also/missing.png', join(packageRoot, 'test/fixtures/README.md')])
  for (const counts of ['0 labelled, 3 failed (2 ENOENT, 1 unsupported_media), 0 before.', '0 labelled, 0 failed, 3 before.']) {
    const { exitCode, stderr } = await start(list, '0/1', out).ended
    assert.equal(exitCode, 1)
    assert.ok(stderr.endsWith(`${counts}\nExpected files with labels, got none: paths are relative to the folder of the list, ${dirname(list)}.\n`), stderr)
  }
  const { exitCode, stderr } = await start(list, '3/4', `${out}.3`).ended
  assert.deepEqual([exitCode, readText(`${out}.3`), existsSync(`${out}.3`)], [0, '', true], 'a shard without files has nothing to fail at')
  assert.match(stderr, /^0 labelled, 0 failed, 0 before\.$/m)
})

test('--strict ends at the first file without labels, and goes on once it has some', async (t) => {
  const { list, out } = makeList(t, [photos[0]!, 'late.png', photos[1]!])
  const failed = await start(list, '0/1', out, '--strict').ended
  assert.equal(failed.exitCode, 1)
  assert.match(failed.stderr, /^late\.png was not classified and can be tried again: Expected a file that can be read, but .*late\.png does not exist\.$/m)
  assert.deepEqual(readLines(out).map(({ file }) => file), [photos[0]])

  const others = `${out}.others`
  assert.equal((await start(list, '0/1', others).ended).exitCode, 0)
  const written = readText(others)
  assert.equal((await start(list, '0/1', others, '--strict').ended).exitCode, 1, 'a failure that was written down is one')
  assert.equal(readText(others), written)

  copyFileSync(photos[2]!, join(dirname(list), 'late.png'))
  const done = await start(list, '0/1', out, '--strict').ended
  assert.equal(done.exitCode, 0, done.stderr)
  assert.match(done.stderr, /^2 labelled, 0 failed, 1 before\.$/m)
  const { exitCode, stderr } = await ghostserve('classify', 'bundled', photos[0]!, '--strict')
  assert.deepEqual([exitCode, stderr], [2, 'Expected --strict with --out.\n'])
})

test('a list is text: an image, a folder, UTF-16 and Latin-1 are rejected at once; a mark of the byte order is none of a path', async (t) => {
  const { list, out } = makeList(t, photos)
  const path = `${list}.other`
  for (const content of [readFileSync(photos[0]!), Buffer.from(photos.join('\n'), 'utf16le'), Buffer.from('Müll.png\n', 'latin1'), Buffer.from('a\0.png\n')]) {
    writeFileSync(path, content)
    for (const target of [['--out', out], ['--format', 'jsonl']]) {
      const { exitCode, stdout, stderr } = await ghostserve('classify', 'bundled', '--list', path, ...target)
      assert.match(stderr, /^Expected a list of paths, one per line, in UTF-8, but .*list\.txt\.other is not: [^\n]*\n$/)
      assert.deepEqual([exitCode, stdout, existsSync(out)], [2, '', false])
    }
  }
  for (const missing of [dirname(list), join(dirname(list), 'no-list.txt')]) {
    const { exitCode, stderr } = await ghostserve('classify', 'bundled', '--list', missing, '--out', out)
    assert.match(stderr, /^Expected a file that can be read, but [^\n]*\n$/)
    assert.deepEqual([exitCode, existsSync(out)], [2, false])
  }
  writeFileSync(path, `\uFEFF${photos[0]!}\r\n${photos[1]!}`)
  assert.equal((await start(path, '0/1', out).ended).exitCode, 0)
  assert.deepEqual(readLines(out).map(({ file }) => file), photos.slice(0, 2))
})

test('a shard that does not exist is rejected', async (t) => {
  const { list, out } = makeList(t, photos)
  for (const shard of ['2/2', '1', '-1/2', 'a/b']) {
    const { exitCode, stderr } = await start(list, shard, out).ended
    assert.equal(exitCode, 2, shard)
    assert.match(stderr, /Expected INDEX\/COUNT/)
  }
})
