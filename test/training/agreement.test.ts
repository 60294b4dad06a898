/** The bundled model on real photos: the accuracy of the service equals PyTorch's within 0.1 point. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { Evaluation } from '../../api/cli/evaluate/evaluation.ts'
import { packageRoot } from '../../models/package-root.ts'
import { trainingEnvironment } from './python.ts'
import { runCommand } from './run-command.ts'

const photos = join(packageRoot, '../shared/data/tiny_imagenet_val.tar')
/** Every fifth photo: 2000. */
const step = 5
const maxPoints = 0.1

test('evaluate and validate agree within 0.1 point', {
  skip: !existsSync(photos) && `there is no ${photos}, so evaluate and validate were not compared on photos`,
}, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'ghostserve-agreement-'))
  t.after(() => rmSync(root, { recursive: true }))
  execFileSync('tar', ['-xf', photos, '-C', root])
  const folder = join(root, 'tiny_imagenet_val')
  const lines = readFileSync(join(folder, 'annotations.tsv'), 'utf8').split('\n').filter((line) => line !== '')
  const list = join(folder, 'some.tsv')
  writeFileSync(list, lines.filter((_, i) => i % step === 0).join('\n'))
  const env = trainingEnvironment()
  const model = 'models/bundled'

  const served = JSON.parse(await runCommand(`node api/bootstrap.cjs evaluate ${model} --data ${list} --json --out ${root}/served`, env)) as Evaluation
  const trained = JSON.parse(await runCommand(`python -m ghostnet_training.validate ${model} --data ${list} --json --out ${root}/trained`, env)) as Evaluation
  assert.equal(served.images, lines.length / step)
  assert.equal(trained.images, served.images)
  for (const top of ['top1', 'top5'] as const) {
    t.diagnostic(`${top}: ${served[top]} as served, ${trained[top]} in PyTorch`)
    assert.ok(served[top] > 40 && Math.abs(served[top] - trained[top]) <= maxPoints, top)
  }
  assert.ok(Math.abs(served.negativeLogLikelihood - trained.negativeLogLikelihood) < 1e-3)
  assert.ok(Math.abs(served.calibration.expectedCalibrationError - trained.calibration.expectedCalibrationError) < 1e-3)
  assert.deepEqual(trained.classes.map(({ label, images }) => [label, images]), served.classes.map(({ label, images }) => [label, images]))
  for (const file of ['served/report.html', 'trained/reliability.png']) assert.ok(readFileSync(join(root, file)).length > 10_000, file)
})
