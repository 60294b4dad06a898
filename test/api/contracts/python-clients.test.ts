/** The inference protocols as the clients of KServe and Triton speak them. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { suite, type TestContext } from 'node:test'
import { packageRoot, packageVersion } from '../../../models/package-root.ts'
import { preprocess } from '../../../api/images/preprocess.ts'
import { readFixture } from '../../fixtures/index.ts'
import { openApp } from '../open-app.ts'
import { unlimited } from '../pipeline/preprocess-options.ts'

const python = process.env['CONTRACT_CLIENTS_PYTHON']
const coffee = readFixture('coffee.png')
const model = 'photos' // not its own name: KServe gives it the name of the service

/** What the client understood; undefined where it is not installed. */
async function askWith<Understood> (
  t: TestContext, script: string, given: object, toAddress = (url: string) => url
): Promise<Understood | undefined> {
  if (python === undefined) {
    const reason = `${script} was not run: npm run test:contracts installs the clients`
    process.stderr.write(`!!! SKIPPED: ${reason}\n`)
    t.skip(reason)
    return undefined
  }
  const { app } = await openApp(t, { MODEL_NAME: model })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const child = spawn(python, [join(packageRoot, 'test/api/contracts', script), toAddress(url), model], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(JSON.stringify(given))
  const [output, errors, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  assert.equal(exitCode, 0, errors)
  return JSON.parse(output) as Understood
}

/** Asserts that two sets of scores stand for the same image. */
function assertAlike (one: readonly number[], other: readonly number[]): void {
  assert.equal(one.length, 200)
  const largest = Math.max(...one.map(Math.abs))
  const difference = Math.max(...one.map((value, i) => Math.abs(value - other[i]!))) / largest
  assert.ok(difference < 1e-4, String(difference))
}

suite('python clients', () => {
  test('tritonclient: health, metadata, images and pixels, in JSON and behind it', async (t) => {
    interface Understood {
      live: boolean
      ready: boolean
      modelReady: boolean
      versionReady: boolean
      otherModelReady: boolean
      server: { name: string, version: string, extensions: string[] }
      model: { name: string, versions: string[], inputs: Array<{ name: string }>, outputs: Array<{ name: string, shape: number[] }> }
      classes: string[][]
      classesInJson: string[][]
      id: string
      scores: number[]
      logits: number[]
      logitsInJson: number[]
      logitsOfPixels: number[]
      logitsOfPixelsInJson: number[]
      refusals: Array<{ status: string, message: string }>
    }
    const { classifier } = await openApp(t, {}, { start: false })
    const { preprocessing, preprocessing: { cropSize } } = classifier.model.manifest
    const pixels = Buffer.from(await preprocess(coffee, unlimited(preprocessing), new AbortController().signal))
    const given = { image: coffee.toString('base64'), pixels: pixels.toString('base64'), shape: [1, cropSize, cropSize, 3] }
    const understood = await askWith<Understood>(t, 'triton_client.py', given, (url) => new URL(url).host)
    if (understood === undefined) return
    const { live, ready, modelReady, versionReady, otherModelReady, server, model: metadata, ...answers } = understood
    assert.deepEqual([live, ready, modelReady, versionReady, otherModelReady], [true, true, true, true, false])
    assert.deepEqual(server, { name: 'ghostserve', version: packageVersion, extensions: ['classification', 'binary_tensor_data'] })
    assert.deepEqual([metadata.name, metadata.versions], [model, [classifier.model.version]])
    assert.deepEqual(metadata.inputs.map(({ name }) => name), ['images', 'pixels'])
    assert.equal(answers.classes.length, 2)
    for (const row of [...answers.classes, ...answers.classesInJson]) assert.match(row[0]!, /^0\.9\d{5}:193:espresso$/)
    assert.equal(answers.id, 'request-1')
    assert.ok(Math.abs(answers.scores.reduce((sum, score) => sum + score, 0) - 1) < 1e-4)
    assert.equal(answers.logits.indexOf(Math.max(...answers.logits)), 193)
    for (const other of [answers.logitsInJson, answers.logitsOfPixels, answers.logitsOfPixelsInJson]) assertAlike(answers.logits, other)
    const [noImage, tooMany] = answers.refusals
    assert.deepEqual([noImage!.status, tooMany!.status], ['415', '413'])
    assert.match(noImage!.message, /^Expected a JPEG, PNG, or WebP image/)
    assert.match(tooMany!.message, /at most 16 images/)
  })

  test('kserve: both versions of its protocol', async (t) => {
    interface Understood {
      v1: { ready: boolean, answer: { predictions: Array<{ predictions: Array<{ label: string }> }> } }
      v2: {
        live: boolean
        ready: boolean
        modelReady: boolean
        otherModelReady: boolean
        classes: string[]
        id: string
        logits: number[]
        refusal: string
      }
    }
    const understood = await askWith<Understood>(t, 'kserve_client.py', { image: coffee.toString('base64') })
    if (understood === undefined) return
    const { v1, v2 } = understood
    assert.deepEqual([v1.ready, v2.live, v2.ready, v2.modelReady, v2.otherModelReady], [true, true, true, true, false])
    assert.deepEqual(v1.answer.predictions.map(({ predictions }) => predictions.map(({ label }) => label)), [['espresso']])
    assert.match(v2.classes[0]!, /^0\.9\d{5}:193:espresso$/)
    assert.equal(v2.id, 'request-1')
    assert.equal(v2.logits.indexOf(Math.max(...v2.logits)), 193)
    assert.equal(v2.refusal, 'Expected the model photos, got "other".')
  })
})
