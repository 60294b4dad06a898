/** What a command made before: continued, replaced or rejected by what made it; and what is left where a disk is full or a signal comes. */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync, chmodSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync,
  symlinkSync, truncateSync, writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { appendResult, defaultHistory, readHistory } from '../../../loadtest/result.ts'
import { formatManifest, readManifest, type Manifest } from '../../../models/manifest/manifest.ts'
import { packageRoot } from '../../../models/package-root.ts'
import { bundledModelDirectory } from '../../../models/manifest/model-store.ts'
import { fixturePath, goldenPath } from '../../fixtures/index.ts'
import { commandLine, ghostserve } from './ghostserve.ts'
import { snapshot } from './snapshot.ts'

const checkpoints = ['torch-legacy.pth', 'mindcv.ckpt'].map((name) => goldenPath('checkpoints', name))

interface Scratch { readonly root: string, readonly list: string, readonly out: string, readonly data: string }

function scratch (t: TestContext): Scratch {
  const root = mkdtempSync(join(tmpdir(), 'ghostserve-own-'))
  t.after(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'data/espresso'), { recursive: true })
  for (const name of ['a.png', 'b.png', 'c.png']) cpSync(fixturePath('small.png'), join(root, 'data/espresso', name))
  writeFileSync(join(root, 'list.txt'), ['a.png', 'b.png', 'c.png'].map((name) => `data/espresso/${name}\n`).join(''))
  writeFileSync(join(root, 'labels.json'), JSON.stringify(Array.from({ length: 10 }, (_, i) => `class ${i}`)))
  return { root, list: join(root, 'list.txt'), out: join(root, 'out.jsonl'), data: join(root, 'data') }
}

/** The bundled model, with a change in its manifest. */
async function variant (root: string, name: string, change: Partial<Manifest>): Promise<string> {
  const directory = join(root, name)
  cpSync(bundledModelDirectory, directory, { recursive: true })
  writeFileSync(join(directory, 'manifest.json'), formatManifest({ ...await readManifest(directory), ...change }))
  return directory
}

async function isDone (...args: string[]): Promise<string> {
  const { exitCode, stderr } = await ghostserve(...args)
  assert.equal(exitCode, 0, stderr)
  return stderr
}

/** Nothing in the folder has changed, and the sentence says why. */
async function isRefused (root: string, sentence: RegExp, ...args: string[]): Promise<void> {
  const before = snapshot(root)
  const { exitCode, stdout, stderr } = await ghostserve(...args)
  assert.match(stderr, /^Expected [^\n]*\n$/)
  assert.match(stderr, sentence)
  assert.deepEqual([exitCode, stdout], [2, ''])
  assert.deepEqual(snapshot(root), before)
}

test('labels are continued by the model and the options that began them, and by no other', async (t) => {
  const { root, list, out } = scratch(t)
  const classify = (model: string, ...options: string[]): string[] => ['classify', model, '--list', list, '--out', out, ...options]
  await isDone(...classify('bundled', '--min-score', '0.1'))
  const whole = readFileSync(out)
  const lines = whole.toString().trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  const { name, weights: { sha256 } } = await readManifest(bundledModelDirectory)
  const maker = [name, sha256.slice(0, 12), 5, 0.1]
  assert.deepEqual(lines.map(({ model, version, topK, minScore }) => [model, version, topK, minScore]), [maker, maker, maker])
  assert.ok(lines.every(({ settings }) => /^[0-9a-f]{8}$/.test(settings as string)))

  const firstLine = whole.subarray(0, whole.indexOf('\n') + 1)
  writeFileSync(out, firstLine)
  const renamed = await variant(root, 'renamed', { name: 'another' })
  const warmer = await variant(root, 'warmer', { temperature: 2 })
  await isRefused(root, new RegExp(`made by another ${sha256.slice(0, 12)} .* got one of ${name} ${sha256.slice(0, 12)} `), ...classify(renamed, '--min-score', '0.1'))
  await isRefused(root, /\(settings [0-9a-f]{8}\)/, ...classify(warmer, '--min-score', '0.1'))
  await isRefused(root, /with --top-k 1 --min-score 0\.1, got .* with --top-k 5 --min-score 0\.1:/, ...classify('bundled', '--top-k', '1', '--min-score', '0.1'))
  await isRefused(root, /with --top-k 5, got .* with --top-k 5 --min-score 0\.1:/, ...classify('bundled'))
  await isRefused(root, /of data\/espresso\/b\.png, got data\/espresso\/a\.png: it is of another list or shard/, ...classify('bundled', '--min-score', '0.1', '--shard', '1/2'))

  // The form of an older version.
  writeFileSync(out, `${JSON.stringify({ file: 'data/espresso/a.png', predictions: [] })}\n`)
  await isRefused(root, /which model made it, .* an older version wrote it/, ...classify('bundled', '--min-score', '0.1'))
  // A line of ours, and the beginning of another file's.
  writeFileSync(out, `${firstLine}{"file":"data/espresso/c.png","mod`)
  await isRefused(root, /line 2 /, ...classify('bundled', '--min-score', '0.1'))
  writeFileSync(out, Buffer.concat([whole, Buffer.from('{"file":"')]))
  await isRefused(root, /line 4 /, ...classify('bundled', '--min-score', '0.1'))

  for (const length of [0, 1, firstLine.length - 1, firstLine.length, firstLine.length + 9, whole.length - 1, whole.length]) {
    writeFileSync(out, whole)
    truncateSync(out, length)
    await isDone(...classify('bundled', '--min-score', '0.1'))
    assert.deepEqual(readFileSync(out), whole, `cut off at ${length}`)
  }
})

test('labels are written behind a link to them, and the link stays', async (t) => {
  const { root, list, out } = scratch(t)
  await isDone('classify', 'bundled', '--list', list, '--out', out)
  truncateSync(out, statSync(out).size - 5)
  symlinkSync('out.jsonl', join(root, 'link.jsonl'))
  assert.match(await isDone('classify', 'bundled', '--list', list, '--out', join(root, 'link.jsonl')), /^1 labelled, 0 failed, 2 before\.$/m)
  assert.ok(lstatSync(join(root, 'link.jsonl')).isSymbolicLink())
  assert.ok(readFileSync(out, 'utf8').endsWith('}\n'))
})

test('an evaluation replaces an older one, of whatever model and images, and nothing else', async (t) => {
  const { root, data } = scratch(t)
  const results = join(root, 'results')
  const evaluate = (model: string): string[] => ['evaluate', model, '--data', data, '--out', results]
  const read = (file: string): string => readFileSync(join(results, file), 'utf8')
  await isDone(...evaluate('bundled'))
  const [lines, evaluation, page] = [read('images.jsonl'), read('evaluation.json'), read('report.html')]
  rmSync(join(data, 'espresso', readdirSync(join(data, 'espresso'))[0]!))
  await isDone(...evaluate(await variant(root, 'renamed', { name: 'another' })))
  assert.match(read('images.jsonl'), /^\{"model":"another",/)
  assert.ok(read('images.jsonl').length < lines.length && read('evaluation.json') !== evaluation && read('report.html') !== page)
  for (const file of ['images.jsonl', 'evaluation.json', 'report.html']) {
    const before = read(file)
    writeFileSync(join(results, file), `mine\n${before}`)
    await isRefused(root, new RegExp(`${file.replace('.', '\\.')} to be new or .*older`), ...evaluate('bundled'))
    writeFileSync(join(results, file), before)
  }
})

test('a page is replaced by one of its kind, and by --force; it keeps its permissions', async (t) => {
  const { root, data } = scratch(t)
  const html = join(root, 'page.html')
  await isDone('inspect', checkpoints[0]!, '--html', html)
  chmodSync(html, 0o600)
  await isDone('inspect', checkpoints[1]!, '--html', html)
  assert.equal(statSync(html).mode & 0o777, 0o600)
  assert.match(readFileSync(html, 'utf8'), /<title>mindcv\.ckpt</)
  await isDone('evaluate', 'bundled', '--data', data, '--out', join(root, 'results'))
  const report = join(root, 'results/report.html')
  await isRefused(root, /report\.html to be new or a page of this command/, 'inspect', checkpoints[0]!, '--html', report)
  writeFileSync(html, 'mine')
  await isDone('inspect', checkpoints[0]!, '--html', html, '--force')
  assert.match(readFileSync(html, 'utf8'), /<title>torch-legacy\.pth</)
  mkdirSync(join(root, 'folder'))
  await isRefused(root, /folder to be new or a file, but it is a directory/, 'inspect', checkpoints[0]!, '--html', join(root, 'folder'), '--force')
  assert.deepEqual(readdirSync(root).filter((name) => name.startsWith('.')), [])
})

test('a model is replaced by one of the same checkpoint; what cannot be built again only by --force; what is no model never', async (t) => {
  const { root } = scratch(t)
  const out = join(root, 'model')
  const build = (checkpoint: string, directory = out): string[] =>
    ['build', checkpoint, '--labels', join(root, 'labels.json'), '--crop-size', '64', '--name', 'm', '--out', directory]
  mkdirSync(out) // an empty folder is as good as none
  await isDone(...build(checkpoints[0]!))
  await isDone(...build(checkpoints[0]!), '--crop-pct', '1')
  const { preprocessing } = await readManifest(out)
  assert.equal(preprocessing.cropPct, 1)
  await isRefused(root, /new or m, built from mindcv\.ckpt \(sha256 [0-9a-f]{12}\), but m, built from torch-legacy\.pth .* --force/, ...build(checkpoints[1]!))
  await isDone(...build(checkpoints[1]!), '--force')
  await isRefused(root, /--force/, ...build(join(out, 'model.safetensors')))

  writeFileSync(join(out, 'manifest.json'), formatManifest({ ...await readManifest(out), temperature: 1.5 }))
  await isRefused(root, /a temperature that was fitted to it, 1\.5/, ...build(checkpoints[1]!))
  for (const file of ['graphs/notes.txt', 'graphs/mine.onnx', 'notes.txt']) {
    writeFileSync(join(out, file), 'mine')
    await isRefused(root, new RegExp(`${basename(file)} is there`), ...build(checkpoints[1]!), '--force')
    rmSync(join(out, file))
  }
  symlinkSync('model', join(root, 'link'))
  await isDone(...build(checkpoints[1]!, join(root, 'link')), '--force')
  assert.ok(lstatSync(join(root, 'link')).isSymbolicLink())
  assert.equal((await readManifest(out)).temperature, undefined)
  assert.deepEqual(readdirSync(root).filter((name) => name.startsWith('.')), [])
})

test('a build that a signal ends leaves the older model and nothing else; what SIGKILL left goes with the next', async (t) => {
  const { root } = scratch(t)
  const args = ['build', checkpoints[0]!, '--labels', join(root, 'labels.json'), '--crop-size', '64', '--out', join(root, 'model')]
  const drafts = (): string[] => readdirSync(root).filter((name) => name.startsWith('.'))
  await isDone(...args)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const) {
    const before = snapshot(root)
    const child = spawn(process.execPath, [commandLine, ...args], { stdio: 'ignore' })
    const ended = once(child, 'close')
    while (drafts().length === 0 && child.exitCode === null) await sleep(2)
    child.kill(signal)
    assert.deepEqual(await ended, [null, signal], 'it was ended while it worked')
    if (signal === 'SIGKILL') assert.equal(drafts().length, 1)
    else assert.deepEqual(snapshot(root), before)
  }
  await isDone(...args)
  assert.deepEqual(drafts(), [])
})

const canMount = process.getuid?.() === 0 && process.platform === 'linux' && mountsWork()
if (!canMount) process.stderr.write('!!! SKIPPED: nothing can be mounted here, so no full disk was tried\n')

function mountsWork (): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder])
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A file system of its own. */
function mountDisk (t: TestContext, kilobytes: number): { disk: string, enlarge: () => void } {
  const disk = mkdtempSync(join(tmpdir(), 'ghostserve-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', disk])
  t.after(() => {
    execFileSync('umount', [disk])
    rmSync(disk, { recursive: true })
  })
  return { disk, enlarge: () => execFileSync('mount', ['-o', 'remount,size=64m', disk]) }
}

async function hasNoRoom (...args: string[]): Promise<void> {
  const { exitCode, stderr } = await ghostserve(...args)
  assert.match(stderr, /(?:^|\n)Expected room for [^\n]*, but the disk is full: make some and repeat the command\.\n$/)
  assert.doesNotMatch(stderr, /\n {4}at /)
  assert.equal(exitCode, 1)
}

test('labels on a full disk are whole lines, and go on when there is room', { skip: !canMount && 'nothing can be mounted' }, async (t) => {
  const { list } = scratch(t)
  writeFileSync(list, Array.from({ length: 20 }, (_, i) => `data/espresso/${'abc'[i % 3]}.png\n`).join(''))
  const { disk, enlarge } = mountDisk(t, 64)
  const args = ['classify', 'bundled', '--top-k', '200', '--list', list, '--out', join(disk, 'out.jsonl')]
  await hasNoRoom(...args)
  const begun = readFileSync(join(disk, 'out.jsonl'), 'utf8')
  assert.deepEqual(readdirSync(disk), ['out.jsonl'])
  assert.ok(begun.endsWith('}\n'))
  await hasNoRoom(...args)
  enlarge()
  assert.match(await isDone(...args), /^\d+ labelled, 0 failed, [1-9]\d* before\.$/m)
  const whole = readFileSync(join(disk, 'out.jsonl'), 'utf8')
  assert.ok(whole.startsWith(begun))
  assert.equal(whole.trimEnd().split('\n').length, 20)
})

test('a full disk leaves nothing of what is new, and all of what is older', { skip: !canMount && 'nothing can be mounted' }, async (t) => {
  const { root, list, data } = scratch(t)
  const { disk, enlarge } = mountDisk(t, 8)
  const commands = [
    ['classify', 'bundled', '--top-k', '200', '--list', list, '--out', join(disk, 'out.jsonl')],
    ['inspect', checkpoints[0]!, '--html', join(disk, 'page.html')],
    ['build', checkpoints[0]!, '--labels', join(root, 'labels.json'), '--crop-size', '64', '--out', join(disk, 'model')],
  ]
  const evaluate = ['evaluate', 'bundled', '--data', data, '--out', join(disk, 'results')]
  for (const command of commands) {
    await hasNoRoom(...command)
    assert.deepEqual(readdirSync(disk), [], command[0])
  }
  await hasNoRoom(...evaluate)
  enlarge()
  for (const command of [...commands, evaluate]) await isDone(...command)
  const before = snapshot(disk)
  assert.deepEqual(Object.keys(before).filter((name) => !name.includes('/')), ['model', 'out.jsonl', 'page.html', 'results'])
  const filler = join(disk, 'filler')
  writeFileSync(filler, '')
  assert.throws(() => { for (;;) appendFileSync(filler, Buffer.alloc(4096)) }, { code: 'ENOSPC' })
  for (const command of [commands[1]!, commands[2]!, evaluate]) await hasNoRoom(...command)
  rmSync(filler)
  assert.deepEqual(snapshot(disk), before)
})

test('a result that has no room in the history leaves it as it was', { skip: !canMount && 'nothing can be mounted' }, async (t) => {
  const { disk } = mountDisk(t, 64)
  const history = join(disk, 'history.jsonl')
  const [result] = readHistory(defaultHistory)
  await appendResult(history, result!)
  await appendResult(history, result!)
  const before = readFileSync(history)
  writeFileSync(join(disk, 'filler'), Buffer.alloc(64 * 1024 - Math.ceil(before.length / 4096) * 4096))
  await assert.rejects(async () => { for (;;) await appendResult(history, result!) }, /Expected room for .*history\.jsonl, but the disk is full/)
  const lines = readFileSync(history, 'utf8')
  assert.ok(lines.startsWith(before.toString()) && lines.endsWith('\n'))
  assert.ok(readHistory(history).length >= 2)
})

test('a page of results that has no room is a sentence', { skip: !canMount && 'nothing can be mounted' }, (t) => {
  const { disk } = mountDisk(t, 8)
  const program = join(packageRoot, 'dist/loadtest/report/main.js')
  const { status, stderr } = spawnSync(process.execPath, [program, '--out', join(disk, 'report.html')], { encoding: 'utf8' })
  assert.match(stderr, /^Expected room for [^\n]*report\.html, but the disk is full: make some and repeat the command\.\n$/)
  assert.equal(status, 1)
  assert.deepEqual(readdirSync(disk), [])
})

test('standard output that takes nothing more is a sentence', { skip: !existsSync('/dev/full') && 'there is no /dev/full' }, async (t) => {
  const { list } = scratch(t)
  for (const args of [
    ['inspect', 'bundled'], ['doctor'], ['classify', 'bundled', '--list', list], ['classify', 'bundled', '--list', list, '--format', 'csv'],
  ]) {
    const child = spawn('/bin/sh', ['-c', 'exec "$@" > /dev/full', 'sh', process.execPath, commandLine, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
    const [exitCode] = await once(child, 'close') as [number]
    assert.equal(stderr, 'Expected room for the output, but the disk is full: make some and repeat the command.\n', args.join(' '))
    assert.equal(exitCode, 1)
  }
})
