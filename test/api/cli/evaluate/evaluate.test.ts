/** `ghostserve evaluate` as it is run, in processes of their own. */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import type { Evaluation } from '../../../../api/cli/evaluate/evaluation.ts'
import { readManifest } from '../../../../models/manifest/manifest.ts'
import { bundledModelDirectory } from '../../../../models/manifest/model-store.ts'
import { fixturePath } from '../../../fixtures/index.ts'
import { ghostserve } from '../ghostserve.ts'

interface Scratch { readonly root: string, readonly data: string, readonly out: string }

/** Three right ones, one wrong one, one that is damaged. */
function scratch (t: TestContext): Scratch {
  const root = mkdtempSync(join(tmpdir(), 'ghostserve-evaluate-'))
  t.after(() => rmSync(root, { recursive: true }))
  const data = join(root, 'data')
  for (const folder of ['espresso', 'n02124075', '0']) mkdirSync(join(data, folder), { recursive: true })
  cpSync(fixturePath('coffee.png'), join(data, 'espresso/0.png'))
  cpSync(fixturePath('chelsea.png'), join(data, 'n02124075/0.png'))
  cpSync(fixturePath('chelsea.png'), join(data, 'n02124075/0 again.png'))
  cpSync(fixturePath('coffee.png'), join(data, '0/0.png'))
  writeFileSync(join(data, '0/0 damaged.png'), readFileSync(fixturePath('coffee.png')).subarray(0, 10_000))
  return { root, data, out: join(root, 'out') }
}

async function evaluate (...args: string[]): Promise<Evaluation> {
  const { stdout, stderr, exitCode } = await ghostserve('evaluate', ...args, '--json')
  assert.equal(exitCode, 0, stderr)
  return JSON.parse(stdout) as Evaluation
}

/** What does not depend on how it was run. */
const findings = ({ imagesPerSecond, seconds, ...others }: Evaluation): Omit<Evaluation, 'imagesPerSecond' | 'seconds'> => others

test('says which classes are hard, what is taken for what, and what scores are worth; writes all of it', async (t) => {
  const { data, out } = scratch(t)
  const { stdout, stderr } = await ghostserve('evaluate', 'bundled', '--data', data, '--out', out)
  assert.match(stdout, /on 5 images: top-1 60\.00 %, top-5 60\.00 %, \d+ images\/s\n/)
  assert.match(stdout, /^goldfish.* {2}2 +0\.00 +0\.00$/m)
  assert.match(stdout, /^goldfish.* espresso +1 +2$/m)
  assert.match(stdout, /expected calibration error\n +0\.9004 +\d+\.\d{4} +\d+\.\d\d %\n/)
  assert.match(stdout, /1 could not be classified and count as wrong:\n {2}0\/0 damaged\.png: Expected a complete PNG image/)
  assert.match(stderr, /5 of 5 images/)
  const { classes, calibration } = JSON.parse(readFileSync(join(out, 'evaluation.json'), 'utf8')) as Evaluation
  assert.deepEqual(classes.map(({ images, top1 }) => [images, top1]), [[2, 0], [2, 100], [1, 100]])
  assert.equal(calibration.bins.reduce((sum, { images }) => sum + images, 0), 4)
  assert.match(readFileSync(join(out, 'report.html'), 'utf8'), /<canvas id="reliability"/)
  const lines = readFileSync(join(out, 'images.jsonl'), 'utf8').trimEnd().split('\n')
  const [heading, ...results] = lines.map((line) => JSON.parse(line) as { name: string, logits?: string, error?: { code: string } })
  assert.deepEqual(Object.keys(heading!), ['model', 'weightsSha256', 'preprocessing', 'layout'])
  assert.deepEqual(results.map(({ name, error }) => [name, error?.code]), [
    ['0/0 damaged.png', 'corrupt_image'], ['0/0.png', undefined],
    ['espresso/0.png', undefined], ['n02124075/0 again.png', undefined], ['n02124075/0.png', undefined],
  ])
  const [damaged, ...logits] = results.map(({ logits }) => logits === undefined ? [] : [...new Float32Array(new Uint8Array(Buffer.from(logits, 'base64')).buffer)])
  assert.deepEqual([damaged!.length, ...logits.map(({ length }) => length)], [0, 200, 200, 200, 200])
  assert.deepEqual(logits[0], logits[1], 'of one photo')
})

test('--fit-temperature stores what it fits, scores follow, and their order stays', async (t) => {
  const { root, data } = scratch(t)
  const model = join(root, 'model')
  cpSync(bundledModelDirectory, model, { recursive: true })
  const before = await evaluate(model, '--data', data)
  const { temperature } = await readManifest(model)
  assert.equal(before.temperature, temperature)

  const fitted = await evaluate(model, '--data', data, '--fit-temperature')
  assert.notEqual(fitted.temperature, temperature)
  assert.deepEqual(fitted.beforeFit, {
    temperature,
    negativeLogLikelihood: before.negativeLogLikelihood,
    expectedCalibrationError: before.calibration.expectedCalibrationError,
  })
  assert.ok(fitted.negativeLogLikelihood < before.negativeLogLikelihood)
  assert.equal((await readManifest(model)).temperature, fitted.temperature)

  const { beforeFit, ...others } = findings(fitted)
  assert.deepEqual(findings(await evaluate(model, '--data', data)), others)
  const classify = async (name: string): Promise<Array<{ label: string, score: number }>> => {
    const { stdout } = await ghostserve('classify', name, fixturePath('coffee.png'), '--json')
    return (JSON.parse(stdout) as [{ predictions: Array<{ label: string, score: number }> }])[0].predictions
  }
  const [plain, scaled] = [await classify('bundled'), await classify(model)]
  assert.deepEqual(scaled.map(({ label }) => label), plain.map(({ label }) => label))
  assert.notEqual(scaled[0]!.score, plain[0]!.score)
})

test('a temperature cannot be fitted on images that all fail', async (t) => {
  const { root, data } = scratch(t)
  for (const folder of ['espresso', 'n02124075']) rmSync(join(data, folder), { recursive: true })
  rmSync(join(data, '0/0.png'))
  const model = join(root, 'model')
  cpSync(bundledModelDirectory, model, { recursive: true })
  const { exitCode, stderr } = await ghostserve('evaluate', model, '--data', data, '--fit-temperature')
  assert.equal(exitCode, 2)
  assert.match(stderr, /Expected images that can be classified in .*; none can\.$/m)
  assert.deepEqual(await readManifest(model), await readManifest(bundledModelDirectory))
})
