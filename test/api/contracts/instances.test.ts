/** `instances` in JSON, as KServe (version 1), Vertex AI and SageMaker document it. */
import assert from 'node:assert/strict'
import test, { suite } from 'node:test'
import { readFixture } from '../../fixtures/index.ts'
import { openApp } from '../open-app.ts'

const coffee = readFixture('coffee.png')
const chelsea = readFixture('chelsea.png')
const b64 = (...images: Buffer[]) => images.map((image) => ({ b64: image.toString('base64') }))
const name = 'ghostnet_050_tin200'
const vertexEnvironment = {
  AIP_HEALTH_ROUTE: '/v1/endpoints/7/deployedModels/8',
  AIP_PREDICT_ROUTE: '/v1/endpoints/7/deployedModels/8:predict',
}

interface Platform { predict: string, health: string, environment?: Record<string, string> }
const platforms: Record<string, Platform> = {
  'KServe v1': { predict: `/v1/models/${name}:predict`, health: `/v1/models/${name}` },
  'Vertex AI': { predict: vertexEnvironment.AIP_PREDICT_ROUTE, health: vertexEnvironment.AIP_HEALTH_ROUTE, environment: vertexEnvironment },
  SageMaker: { predict: '/invocations', health: '/ping' },
}

interface Answer {
  predictions: Array<{ predictions?: Array<{ label: string }>, noneOfThese?: boolean, error?: { code: string } }>
}
interface Problem { code: string, detail: string, status: number, errors?: Array<{ code: string }> }

for (const [platform, { predict, health, environment = {} }] of Object.entries(platforms)) {
  const post = (body: unknown) => ({
    method: 'POST', url: predict, payload: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'application/json' },
  }) as const

  suite(platform, () => {
    test('is ready once the model is, and answers each instance in order, a bad one in its place', async (t) => {
      const { app, classifier } = await openApp(t, environment, { start: false })
      const early = await app.inject(health)
      assert.equal(early.statusCode, 503)
      assert.equal(early.json<Problem>().code, 'not_ready')
      await classifier.start()
      assert.equal((await app.inject(health)).statusCode, 200)
      const instances = [...b64(coffee, Buffer.from('no image')), { b64: 'no base64' }, ...b64(chelsea)]
      const response = await app.inject(post({ instances, parameters: { topK: 1 } }))
      assert.equal(response.statusCode, 200)
      const { predictions } = response.json<Answer>()
      assert.deepEqual(predictions.map(({ predictions: classes, error }) => classes?.map(({ label }) => label) ?? error?.code),
        [['espresso'], 'unsupported_media', 'corrupt_image', ['Egyptian cat']])
      assert.match(String(response.headers['server-timing']), /^read;dur=/)
    })

    test('says which instances are none of the classes', async (t) => {
      const { app } = await openApp(t, environment)
      const { predictions } = (await app.inject(post({ instances: b64(coffee, chelsea), parameters: { minScore: 0.9 } }))).json<Answer>()
      assert.deepEqual(predictions.map(({ predictions: classes, noneOfThese }) => [classes!.map(({ label }) => label), noneOfThese]), [[['espresso'], false], [[], true]])
    })

    test('is as /classify in its defaults, its readiness at the end, and its share of a client', async (t) => {
      const { app, classifier } = await openApp(t, { ...environment, MAX_CLIENT_IMAGES: '1' }, { start: false })
      const waiting = app.inject(post({ instances: b64(coffee) }))
      while (classifier.admission.inFlight === 0) await new Promise((resolve) => setImmediate(resolve))
      const refusal = (await app.inject(post({ instances: b64(coffee) }))).json<Problem>()
      assert.equal(refusal.code, 'too_many_requests')
      await classifier.start()
      assert.equal((await waiting).json<Answer>().predictions[0]!.predictions!.length, 5)
      app.isDraining = true
      assert.equal((await app.inject(health)).json<Problem>().code, 'shutting_down')
    })

    const refusals: Record<string, [unknown, number, string]> = {
      'no instances': [{ instances: [] }, 400, 'empty_body'],
      'too many instances, of which none is decoded': [{ instances: Array(3).fill({ b64: 'AAAA' }) }, 413, 'too_many_images'],
      'an instance that is text': [{ instances: ['a'] }, 400, 'invalid_request'],
      'JSON that is an array': [[], 400, 'invalid_request'],
      null: ['null', 400, 'invalid_request'],
      'instances that only the prototype has': ['{"__proto__": {"instances": [{"b64": ""}]}}', 400, 'invalid_request'],
      'a constructor for an image': ['{"instances": {"constructor": {"b64": "x"}, "length": 1}}', 400, 'invalid_request'],
      'topK beyond the classes': [{ instances: b64(coffee), parameters: { topK: 201 } }, 400, 'invalid_request'],
      'minScore above 1': [{ instances: b64(coffee), parameters: { minScore: 1.01 } }, 400, 'invalid_request'],
      'minScore as text': [{ instances: b64(coffee), parameters: { minScore: '0.5' } }, 400, 'invalid_request'],
      'JSON that ends early': ['{"instances": [', 400, 'malformed_json'],
      'a hundred thousand levels': ['['.repeat(100_000), 400, 'malformed_json'],
      'a body over the limit of a request': [{ instances: [{ b64: 'A'.repeat(700_000) }] }, 413, 'request_too_large'],
      'images that all fail, with the first one\'s problem': [{ instances: [{ b64: '' }, { b64: '!' }] }, 400, 'empty_body'],
      'an image over the limit, undecoded': [{ instances: [{ b64: Buffer.alloc(400_000).toString('base64') }] }, 413, 'image_too_large'],
    }
    for (const [what, [body, status, code]] of Object.entries(refusals)) {
      test(`rejects ${what}`, async (t) => {
        const limits = { MAX_IMAGES: '2', MAX_QUEUE_SIZE: '4', MAX_REQUEST_BYTES: '700000', MAX_IMAGE_BYTES: '399999' }
        const { app, classifier } = await openApp(t, { ...environment, ...limits }, { start: false })
        const response = await app.inject(post(body))
        const problem = response.json<Problem>()
        assert.deepEqual([response.statusCode, problem.status, problem.code], [status, status, code], problem.detail)
        assert.equal(response.headers['content-type'], 'application/problem+json; charset=utf-8')
        assert.equal(classifier.admission.inFlight, 0)
      })
    }
  })
}

test('KServe knows the model by its configured name only, and says so', async (t) => {
  const { app } = await openApp(t, { MODEL_NAME: 'photos' }, { start: false })
  assert.deepEqual((await app.inject('/v1/models')).json(), { models: ['photos'] })
  const refusal = await app.inject({ method: 'POST', url: `/v1/models/${name}:predict`, payload: '{}' })
  assert.equal(refusal.statusCode, 404)
  assert.equal(refusal.json<Problem>().detail, `Expected the model photos, got "${name}".`)
})

test('SageMaker may send an image as the body, under its own type too', async (t) => {
  const { app } = await openApp(t)
  for (const type of ['image/png', 'application/x-image']) {
    const response = await app.inject({ method: 'POST', url: '/invocations', payload: coffee, headers: { 'content-type': type } })
    assert.equal(response.json<Answer>().predictions[0]!.predictions![0]!.label, 'espresso')
  }
  const csv = await app.inject({ method: 'POST', url: '/invocations', payload: '1,2', headers: { 'content-type': 'text/csv' } })
  assert.equal(csv.json<Problem>().code, 'unsupported_media')
})

test('Vertex AI may call readiness what it is called already, but not predictions', async (t) => {
  await openApp(t, { AIP_HEALTH_ROUTE: '/readyz', AIP_PREDICT_ROUTE: '/predict' }, { start: false }).then(({ app }) => app.ready())
  const { app } = await openApp(t, { AIP_PREDICT_ROUTE: '/classify' }, { start: false })
  await assert.rejects(async () => { await app.ready() }, { message: 'Expected AIP_PREDICT_ROUTE to be a path of its own, got "/classify".' })
})
