/** The commands as they are run, in processes of their own. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { packageRoot } from '../../../models/package-root.ts'
import { fixturePath as fixture, goldenPath } from '../../fixtures/index.ts'
import { ghostserve } from './ghostserve.ts'

function scratch (t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'ghostserve-cli-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

test('--help names every command, and each command\'s help shows an example', async () => {
  const { stdout } = await ghostserve('--help')
  for (const command of ['serve', 'pull', 'build', 'inspect', 'classify', 'evaluate', 'bench', 'doctor']) {
    assert.match(stdout, new RegExp(`^ {2}${command} `, 'm'))
    assert.match((await ghostserve(command, '--help')).stdout, /Example:\n {2}ghostserve /)
  }
})

test('serve takes no options, and says where they are', async () => {
  const { exitCode, stderr } = await ghostserve('serve', '--port', '9000')
  assert.equal(exitCode, 2)
  assert.match(stderr, /unknown option '--port'/)
  assert.match((await ghostserve('serve', '--help')).stdout, /configuration\.md/)
})

test('doctor says what the service would run, and ends with 1 where it could not start', async () => {
  const { exitCode, stdout } = await ghostserve('doctor')
  assert.equal(exitCode, 0)
  assert.match(stdout, /^machine +Node \S+ on \S+, \d+ cores?, [\d.]+ GiB of memory$/m)
  assert.match(stdout, /^service +ghostnet_050_tin200 [0-9a-f]{12}, layout \w+, on cpu with \d+ sessions?$/m)
  assert.match(stdout, /^cpu +works/m)
  process.env['MODEL'] = 'missing'
  const missing = await ghostserve('doctor').finally(() => { delete process.env['MODEL'] })
  assert.equal(missing.exitCode, 1)
  assert.match(missing.stdout, /^service +cannot start: Expected .*missing/m)
})

test('classify takes folders, whose images it finds at any depth, and says where there is none', async (t) => {
  const folder = scratch(t)
  mkdirSync(join(folder, 'a/b'), { recursive: true })
  mkdirSync(join(folder, 'empty'))
  cpSync(fixture('coffee.png'), join(folder, 'z.png'))
  cpSync(fixture('coffee.png'), join(folder, 'a/b/one.PNG'))
  writeFileSync(join(folder, 'a/notes.txt'), 'no picture')
  const { exitCode, stdout } = await ghostserve('classify', 'bundled', folder, fixture('chelsea.png'), '--top-k', '1', '--json')
  assert.equal(exitCode, 0)
  const files = (JSON.parse(stdout) as Array<{ file: string }>).map(({ file }) => file)
  assert.deepEqual(files, [join(folder, 'a/b/one.PNG'), join(folder, 'z.png'), fixture('chelsea.png')])
  const { exitCode: refused, stderr } = await ghostserve('classify', 'bundled', join(folder, 'empty'))
  assert.deepEqual([refused, stderr], [2, `Expected JPEG, PNG or WebP files in ${join(folder, 'empty')}, got none.\n`])
})

test('classify prints bars for people', async () => {
  const { exitCode, stdout } = await ghostserve('classify', 'bundled', fixture('coffee.png'), '--top-k', '2')
  assert.equal(exitCode, 0)
  assert.match(stdout, /coffee\.png\n {3}9\d\.\d % {2}█{22}.{0,2} +espresso\n {4}\d\.\d % .* \w/)
})

test('classify --json is for programs; a file that fails does not stop the others', async () => {
  const { exitCode, stdout } = await ghostserve('classify', 'bundled', fixture('README.md'), fixture('chelsea.png'), 'missing.png', '--json')
  assert.equal(exitCode, 1)
  const [text, chelsea, missing] = JSON.parse(stdout) as Array<{ error?: { code: string }, predictions?: Array<{ label: string }> }>
  assert.equal(text?.error?.code, 'unsupported_media')
  assert.equal(chelsea?.predictions?.[0]?.label, 'Egyptian cat')
  assert.equal(missing?.error?.code, 'ENOENT')
})

test('build makes a model that classify, inspect and evaluate take', async (t) => {
  const directory = scratch(t)
  const labels = join(directory, 'labels.json')
  writeFileSync(labels, JSON.stringify(Array.from({ length: 10 }, (_, i) => `class ${i}`)))
  const model = join(directory, 'model')
  const built = await ghostserve('build', goldenPath('checkpoints', 'torch-legacy.pth'), '--labels', labels, '--crop-size', '64', '--resizer', 'opencv',
    '--out', model)
  assert.equal(built.exitCode, 0, built.stderr)
  assert.match(built.stdout, /variant +ghostnet_005 \(width 0\.05\), 10 classes/)
  assert.match(built.stdout, /input +64 x 64 pixels, bilinear \(opencv\), crop 0\.875/)

  const inspected = JSON.parse((await ghostserve('inspect', model, '--json')).stdout) as { classes: number, stages: Array<{ stage: string }> }
  assert.equal(inspected.classes, 10)
  assert.equal(inspected.stages.at(-1)?.stage, 'classifier')

  const classified = JSON.parse((await ghostserve('classify', model, fixture('chelsea.png'), '-k', '1', '--json')).stdout) as
    [{ predictions: [{ classIndex: number, label: string }] }]
  const [{ predictions: [{ classIndex, label }] }] = classified
  assert.equal(label, `class ${classIndex}`)

  // A data set of one photo, under the class that the model gives it and under another.
  for (const [folder, top1] of [[label, 100], [`class ${(classIndex + 1) % 10}`, 0]] as const) {
    const data = join(directory, `data of ${folder}`)
    mkdirSync(join(data, folder), { recursive: true })
    cpSync(fixture('chelsea.png'), join(data, folder, 'cat.png'))
    const evaluated = JSON.parse((await ghostserve('evaluate', model, '--data', data, '--json')).stdout) as { images: number, top1: number }
    assert.deepEqual([evaluated.images, evaluated.top1], [1, top1])
  }
})

test('evaluate reads a list, counts a damaged image as wrong, and names it', async (t) => {
  const directory = scratch(t)
  mkdirSync(join(directory, 'images'))
  cpSync(fixture('coffee.png'), join(directory, 'images/coffee.png'))
  writeFileSync(join(directory, 'images/damaged.png'), readFileSync(fixture('coffee.png')).subarray(0, 10_000))
  writeFileSync(join(directory, 'list.tsv'), 'coffee.png\tn07920052\ndamaged.png\tespresso\n')
  const { stdout, exitCode } = await ghostserve('evaluate', 'bundled', '--data', join(directory, 'list.tsv'))
  assert.equal(exitCode, 0)
  assert.match(stdout, /on 2 images: top-1 50\.00 %, top-5 50\.00 %/)
  assert.match(stdout, /1 could not be classified and count as wrong:\n.*damaged\.png: Expected a complete PNG image/)
})

test('evaluate rejects a class that the model does not have', async (t) => {
  const directory = scratch(t)
  writeFileSync(join(directory, 'list.csv'), 'a.png,unicorn\n')
  const { exitCode, stderr } = await ghostserve('evaluate', 'bundled', '--data', join(directory, 'list.csv'))
  assert.equal(exitCode, 2)
  assert.match(stderr, /^Expected a class of the model .* in line 1 of .*list\.csv, got "unicorn"\.\n$/)
})

test('a checkpoint that is none costs one sentence and exit code 2, and leaves nothing', async (t) => {
  const directory = scratch(t)
  const out = join(directory, 'model')
  const { exitCode, stderr } = await ghostserve('build', join(packageRoot, 'package.json'), '--out', out)
  assert.equal(exitCode, 2)
  assert.match(stderr, /^Expected a PyTorch, safetensors or MindSpore checkpoint, but .*\.\n$/)
  assert.ok(!existsSync(out))
})

test('inspect tells a checkpoint\'s format, digest and counts', async () => {
  const { stdout } = await ghostserve('inspect', goldenPath('checkpoints', 'mindcv.ckpt'))
  assert.match(stdout, /^format +mindspore$/m)
  assert.match(stdout, /^sha256 +[0-9a-f]{64}$/m)
  assert.match(stdout, /^blocks\.9\.0 +48 x 7 x 7 +1 /m)
})

test('pull names the published checkpoints when it is asked for another', async () => {
  const { exitCode, stderr } = await ghostserve('pull', 'resnet50')
  assert.equal(exitCode, 2)
  assert.match(stderr, /^Expected the name of a published checkpoint \(ghostnet_100, .*\), got "resnet50"\.\n$/)
})
