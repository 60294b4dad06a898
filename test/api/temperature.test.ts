/** The temperature of a model's manifest is in the scores of every route, and in no order and no logit. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { softmax } from '../../api/engine/postprocess.ts'
import { readManifest } from '../../models/manifest/manifest.ts'
import { bundledModelDirectory } from '../../models/manifest/model-store.ts'
import { writeTemperature } from '../../models/manifest/write-temperature.ts'
import { readFixture } from '../fixtures/index.ts'
import { formOf, openApp } from './open-app.ts'

interface Prediction { readonly label: string, readonly score: number }
interface Answer {
  results?: [{ predictions: Prediction[] }]
  predictions?: [{ predictions: Prediction[] }]
  outputs?: Array<{ name: string, data: number[] }>
}
type Request = { url: string, payload: Buffer | string, headers: Record<string, string> }

const image = readFixture('coffee.png')
const b64 = image.toString('base64')
const name = 'served'
const environment = { MODEL_NAME: name, AIP_HEALTH_ROUTE: '/vertex/health', AIP_PREDICT_ROUTE: '/vertex/predict' }
const instances = { payload: JSON.stringify({ instances: [{ b64 }] }), headers: { 'content-type': 'application/json' } }
const classifying: Record<string, Request> = {
  '/classify': { url: '/classify', ...formOf(image) },
  'KServe v1': { url: `/v1/models/${name}:predict`, ...instances },
  SageMaker: { url: '/invocations', ...instances },
  'Vertex AI': { url: '/vertex/predict', ...instances },
}
const inference: Request = {
  url: `/v2/models/${name}/infer`,
  payload: JSON.stringify({ inputs: [{ name: 'images', datatype: 'BYTES', shape: [1], data: [b64] }] }),
  headers: { 'content-type': 'application/json' },
}
const temperature = 2.5
const { temperature: bundledTemperature = 1 } = await readManifest(bundledModelDirectory)

/** Answers of the bundled model, and of the same weights with another temperature. */
async function ask (t: TestContext, request: Request): Promise<[plain: Answer, scaled: Answer]> {
  const directory = mkdtempSync(join(tmpdir(), 'ghostserve-temperature-'))
  t.after(() => rmSync(directory, { recursive: true }))
  cpSync(bundledModelDirectory, directory, { recursive: true })
  await writeTemperature(directory, temperature)
  const answerOf = async (more: Record<string, string>): Promise<Answer> => {
    const { app } = await openApp(t, { ...environment, ...more })
    const response = await app.inject({ method: 'POST', ...request })
    assert.equal(response.statusCode, 200, response.body)
    return response.json<Answer>()
  }
  return [await answerOf({}), await answerOf({ MODEL: directory })]
}

const nearly = (value: number, expected: number): boolean => Math.abs(value - expected) < 1e-6

for (const [route, request] of Object.entries(classifying)) {
  test(`${route} divides by it`, async (t) => {
    const predictionsOf = ({ results, predictions }: Answer): Prediction[] => (results ?? predictions)![0].predictions
    const [plain, scaled] = (await ask(t, request)).map(predictionsOf) as [Prediction[], Prediction[]]
    assert.deepEqual(scaled.map(({ label }) => label), plain.map(({ label }) => label))
    // The ratio of two scores is e to the difference of their logits.
    const ratioOf = (predictions: Prediction[]): number => Math.log(predictions[0]!.score / predictions[1]!.score)
    assert.ok(nearly(ratioOf(scaled), ratioOf(plain) * bundledTemperature / temperature), `${ratioOf(plain)} became ${ratioOf(scaled)}`)
  })
}

test('the inference protocol divides by it for scores, and not for logits', async (t) => {
  const [plain, scaled] = await ask(t, inference)
  const output = (answer: Answer, wanted: string): number[] => answer.outputs!.find(({ name }) => name === wanted)!.data
  assert.deepEqual(output(scaled, 'logits'), output(plain, 'logits'))
  const expected = softmax(Float32Array.from(output(plain, 'logits')), temperature)
  for (const [i, score] of output(scaled, 'scores').entries()) assert.ok(nearly(score, expected[i]!))
  assert.ok(Math.max(...output(scaled, 'scores')) < Math.max(...output(plain, 'scores')))
})
