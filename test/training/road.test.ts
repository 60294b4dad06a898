/** The guide's commands from a folder of photos to a served model, with its recipe unchanged. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { Evaluation } from '../../api/cli/evaluate/evaluation.ts'
import { packageRoot } from '../../models/package-root.ts'
import { readManifest } from '../../models/manifest/manifest.ts'
import { deployed, ServerProcess } from '../server-process.ts'
import { trainingEnvironment } from './python.ts'
import { runCommand } from './run-command.ts'

const data = join(packageRoot, '../shared/data/tiny_imagenet_val.tar')
/** Weights that have seen these classes, not these photos: the commands are tested, not how well a network learns from 350 photos. */
const firstWeights = join(packageRoot, '../shared/weights/ghostnet_050_tin200.pth')
const missing = [data, firstWeights].filter((path) => !existsSync(path))

/** Every 20th of the 200 classes; of each the first 35 photos to train on, the other 15 to validate. */
const [classStep, trainPhotos, valPhotos] = [20, 35, 15]
const classCount = 200 / classStep
/** Percent. Measured: 63.3; guesses have 10. */
const floor = 55
/** Training and service round differently: one photo may be another's. */
const maxPoints = 100 / (classCount * valPhotos) + 0.01

/** `photos/train` and `photos/val` with a folder for each class. */
function layOutPhotos (root: string): void {
  execFileSync('tar', ['-xf', data, '-C', root])
  const source = join(root, 'tiny_imagenet_val')
  const lines = (file: string): string[][] => readFileSync(join(source, file), 'utf8').trim().split('\n').map((line) => line.split('\t'))
  const annotations = lines('annotations.tsv')
  for (const [, wnid, label] of lines('classes.tsv').filter((_, i) => i % classStep === 0)) {
    const files = annotations.filter(([, annotated]) => annotated === wnid).map(([file]) => file!)
    assert.equal(files.length, trainPhotos + valPhotos)
    for (const [part, some] of [['train', files.slice(0, trainPhotos)], ['val', files.slice(trainPhotos)]] as const) {
      const folder = join(root, 'photos', part, label!.split(',')[0]!)
      mkdirSync(folder, { recursive: true })
      for (const file of some) copyFileSync(join(source, 'images', file), join(folder, file))
    }
  }
}

test('four commands lead from a folder of photos to a service that knows them', {
  skip: missing.length > 0 && `there is no ${missing.join(' and no ')}, so the documented road was not tried`,
}, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'ghostserve-road-'))
  t.after(() => rmSync(root, { recursive: true }))
  layOutPhotos(root)
  const env = trainingEnvironment()
  const [, road] = /<!-- Run by npm run test:road -->\n```sh\n([^`]+)```/.exec(readFileSync(join(packageRoot, 'docs/how-to/train-your-own.md'), 'utf8'))!
  const commands = road!.trim().split('\n')
  assert.equal(commands.length, 4)
  const [train, build, evaluate, serve] = commands.map((command) => command.replaceAll(/(?<= |=)(photos|my-run|my-model)\b/g, (path) => join(root, path)))

  const log = await runCommand(`${train!} --weights ${firstWeights}`, env)
  const [, judged, weights] = /^Best top-1 ([\d.]+), of the (raw|averaged) weights: /m.exec(log)!
  await runCommand(build!, env)
  const manifest = await readManifest(join(root, 'my-model'))
  assert.equal(manifest.preprocessing.cropPct, 1)
  assert.match(manifest.provenance.training!, new RegExp(`^ghostnet_050 on photos: .* the ${weights} weights\\.$`))

  const evaluation = JSON.parse(await runCommand(`${evaluate!} --json`, env)) as Evaluation
  t.diagnostic(`top-1: ${judged} of the ${weights} weights while training, ${evaluation.top1} as served; the last epoch: ${log.trim().split('\n').at(-2)}`)
  assert.equal(evaluation.images, classCount * valPhotos)
  assert.ok(evaluation.top1 >= floor, `top-1 ${evaluation.top1}`)
  assert.ok(Math.abs(evaluation.top1 - Number(judged)) <= maxPoints, `top-1 ${evaluation.top1}, judged ${judged}`)
  assert.equal((await readManifest(join(root, 'my-model'))).temperature, evaluation.temperature)
  assert.ok(evaluation.negativeLogLikelihood <= evaluation.beforeFit!.negativeLogLikelihood)

  await t.test('a service of it labels the photos as the evaluation says', async (t) => {
    assert.equal(serve, `MODEL=${root}/my-model npm start`)
    const server = await ServerProcess.start({ MODEL: join(root, 'my-model') }, { entry: deployed })
    t.after(() => server.stop())
    let right = 0
    for (const label of readdirSync(join(root, 'photos/val'))) {
      for (const file of readdirSync(join(root, 'photos/val', label))) {
        const body = readFileSync(join(root, 'photos/val', label, file))
        const response = await fetch(`${server.url}/classify?topK=1`, { method: 'POST', body, headers: { 'content-type': 'image/jpeg' } })
        const { results: [{ predictions: [first] }] } = await response.json() as { results: [{ predictions: [{ label: string }] }] }
        if (first.label === label) right++
      }
    }
    const served = 100 * right / (classCount * valPhotos)
    assert.ok(Math.abs(served - evaluation.top1) < 0.01, `top-1 ${served} over HTTP, ${evaluation.top1} evaluated`)
  })
})
