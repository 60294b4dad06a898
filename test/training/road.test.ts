/** The README's road from a folder of photos to a served model, run as it is written, with a recipe of seconds. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import sharp from 'sharp'
import type { Evaluation } from '../../api/evaluation/evaluation.ts'
import { packageRoot } from '../../models/package-root.ts'
import { readManifest } from '../../models/manifest.ts'
import { deployed, ServerProcess } from '../server-process.ts'
import { trainingEnvironment } from './python.ts'
import { runCommand } from './run-command.ts'

const colours = { amber: [230, 160, 40], blue: [40, 80, 220], green: [40, 190, 70] } as const
/** Instead of the recipe's 20 epochs. */
const short = ['epochs=6', 'batch_size=8', 'image_sizes="{0: 32}"', 'lr=0.05', 'ema_decay=0.9'].map((change) => `--set ${change}`).join(' ')

/** A photo of a class: its colour under noise that is the same at every run. */
async function makePhoto (colour: readonly number[], seed: number): Promise<Buffer> {
  const [width, height] = [40, 32]
  let state = seed + 1
  const noise = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  const noisy = (value: number): number => Math.min(255, Math.max(0, value + 120 * (noise() - 0.5)))
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => noisy(colour[i % 3]!))
  return await sharp(pixels, { raw: { width, height, channels: 3 } }).png().toBuffer()
}

test('four commands lead from a folder of photos to a service that knows them', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'ghostserve-road-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const [name, colour] of Object.entries(colours)) {
    for (const [part, count, seed] of [['train', 24, 0], ['val', 8, 1000]] as const) {
      const folder = join(root, 'photos', part, name)
      mkdirSync(folder, { recursive: true })
      for (let i = 0; i < count; i++) writeFileSync(join(folder, `${i}.png`), await makePhoto(colour, seed + 17 * i))
    }
  }
  const env = trainingEnvironment()
  const [, road] = /<!-- Run by npm run test:road -->\n```sh\n([^`]+)```/.exec(readFileSync(join(packageRoot, 'README.md'), 'utf8'))!
  const commands = road!.trim().split('\n')
  assert.equal(commands.length, 4)
  const [train, build, evaluate, serve] = commands.map((command) => command.replaceAll(/(?<= |=)(photos|my-run|my-model)\b/g, (path) => join(root, path)))

  await runCommand(`${train!} ${short}`, env)
  await runCommand(build!, env)
  const manifest = await readManifest(join(root, 'my-model'))
  assert.equal(manifest.preprocessing.cropSize, 32)
  assert.equal(manifest.preprocessing.cropPct, 1)
  assert.match(manifest.provenance.training ?? '', /ghostnet_050 on photos/)

  const evaluation = JSON.parse(await runCommand(`${evaluate!} --json`, env)) as Evaluation
  assert.equal(evaluation.images, 24)
  assert.ok(evaluation.top1 > 90, `top-1 ${evaluation.top1}`)
  assert.equal((await readManifest(join(root, 'my-model'))).temperature, evaluation.temperature)
  assert.ok(evaluation.negativeLogLikelihood <= evaluation.beforeFit!.negativeLogLikelihood)
  const validation = JSON.parse(await runCommand(
    `python -m ghostnet_training.validate ${root}/my-model --data ${root}/photos/val --json --workers 0`, env)) as Evaluation
  assert.equal(validation.top1, evaluation.top1)
  assert.ok(Math.abs(validation.negativeLogLikelihood - evaluation.negativeLogLikelihood) < 1e-2)

  assert.equal(serve, `MODEL=${root}/my-model npm start`)
  const server = await ServerProcess.start({ MODEL: join(root, 'my-model') }, { entry: deployed })
  t.after(() => server.stop())
  for (const [name, colour] of Object.entries(colours)) {
    const body = new Uint8Array(await makePhoto(colour, 99_999))
    const response = await fetch(`${server.url}/classify?topK=1`, { method: 'POST', body, headers: { 'content-type': 'image/png' } })
    const { results: [{ predictions: [first] }] } = await response.json() as { results: [{ predictions: [{ label: string }] }] }
    assert.equal(first.label, name)
  }
})
