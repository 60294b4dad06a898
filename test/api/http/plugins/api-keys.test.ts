import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { readFixture } from '../../../fixtures/index.ts'
import { formOf } from '../../open-app.ts'
import { parseExposition, valueOf } from '../../plugins/exposition.ts'
import { key, openAppWithKey } from '../../open-app-with-key.ts'

const form = formOf(readFixture('chelsea.png'))
const classify = { method: 'POST', url: '/classify', payload: form.payload } as const

const accepted: Record<string, Record<string, string>> = {
  'Authorization: Bearer': { authorization: `Bearer ${key}` },
  'authorization in small letters': { authorization: `bearer ${key}` },
  'x-api-key': { 'x-api-key': key },
  'x-api-key with a token for the platform in front': { 'x-api-key': key, authorization: 'Bearer of-the-platform' },
}
for (const [what, headers] of Object.entries(accepted)) {
  test(`a key is taken from ${what}`, async (t) => {
    const { app } = await openAppWithKey(t)
    assert.equal((await app.inject({ ...classify, headers: { ...form.headers, ...headers } })).statusCode, 200)
  })
}

const refused: Record<string, [Record<string, string>, RegExp, string]> = {
  'no key': [{}, /got none/, 'Bearer realm="ghostserve"'],
  'an unknown key': [{ authorization: 'Bearer other' }, /not known/, 'Bearer realm="ghostserve", error="invalid_token"'],
  'the digest of a key': [{ 'x-api-key': createHash('sha256').update(key).digest('hex') }, /not known/, 'Bearer realm="ghostserve", error="invalid_token"'],
  'a key by another scheme': [{ authorization: `Basic ${key}` }, /got none/, 'Bearer realm="ghostserve"'],
  'an unknown key before a good one': [{ 'x-api-key': 'other', authorization: `Bearer ${key}` }, /not known/, 'Bearer realm="ghostserve", error="invalid_token"'],
}
for (const [what, [headers, detail, challenge]] of Object.entries(refused)) {
  test(`rejects ${what} with 401 and says what it wants`, async (t) => {
    const { app, classifier } = await openAppWithKey(t)
    const response = await app.inject({ ...classify, headers: { ...form.headers, ...headers } })
    assert.equal(response.statusCode, 401)
    assert.equal(response.headers['www-authenticate'], challenge)
    const problem = response.json<{ code: string, detail: string }>()
    assert.equal(problem.code, 'unauthorized')
    assert.match(problem.detail, detail)
    assert.equal(classifier.admission.inFlight, 0)
  })
}

test('without a key only the open paths answer, and others do not say whether they exist', async (t) => {
  const { app } = await openAppWithKey(t, { AIP_HEALTH_ROUTE: '/vertex/health', AIP_PREDICT_ROUTE: '/vertex/predict' })
  for (const path of ['/', '/livez', '/readyz', '/metrics', '/openapi.json', '/docs', '/ping', '/v2/health/live', '/v2/health/ready', '/vertex/health']) assert.equal((await app.inject(path)).statusCode, 200, path)
  for (const path of ['/model', '/classify', '/nothing', '/livez/', '//livez', '/livez/../model', '/MODEL', '/v2', '/v2/models/x/ready', '/v1/models/x']) {
    assert.equal((await app.inject(path)).statusCode, 401, path)
  }
  assert.equal((await app.inject({ method: 'POST', url: '/livez?x' })).statusCode, 405)
  for (const url of ['/classify', '/invocations', '/v1/models/x:predict', '/v2/models/x/infer', '/vertex/predict']) {
    assert.equal((await app.inject({ method: 'POST', url })).statusCode, 401, url)
  }
})

const sharedPaths: Array<Record<string, string>> = [
  { AIP_HEALTH_ROUTE: '/model-server', AIP_PREDICT_ROUTE: '/model-server' },
  { AIP_HEALTH_ROUTE: '/classify' },
  { AIP_HEALTH_ROUTE: '/invocations' },
  { AIP_HEALTH_ROUTE: '/v1/models/ghostnet_050_tin200:predict' },
  { AIP_HEALTH_ROUTE: '/v2/models/ghostnet_050_tin200/infer' },
  ...['/ping', '/metrics', '/docs', '/openapi.json', '/livez', '/readyz', '/model', '/v2/health/ready'].map((path) => ({ AIP_PREDICT_ROUTE: path })),
]
for (const environment of sharedPaths) {
  test(`what is open by one method of a path needs a key by another: ${JSON.stringify(environment)}`, async (t) => {
    const { app } = await openAppWithKey(t, environment)
    const [url] = Object.values(environment) as [string]
    const payload = JSON.stringify({ instances: [{ b64: readFixture('exif-1.jpg').toString('base64') }] })
    const post = { method: 'POST', url, payload, headers: { 'content-type': 'application/json' } } as const
    assert.equal((await app.inject(post)).statusCode, 401)
    assert.notEqual((await app.inject({ ...post, headers: { ...post.headers, 'x-api-key': key } })).statusCode, 401)
    for (const method of ['PUT', 'DELETE', 'PATCH'] as const) {
      const { statusCode } = await app.inject({ method, url })
      assert.ok([401, 404, 405].includes(statusCode), `${method}: ${statusCode}`)
    }
    if (url !== '/model') assert.equal((await app.inject(url)).statusCode, 200, 'what is open stays open')
  })
}

test('the root is no path for predictions', async (t) => {
  await assert.rejects(openAppWithKey(t, { AIP_PREDICT_ROUTE: '/' }), { name: 'ConfigError' })
})

test('the log has the id of the key and never a key', async (t) => {
  const lines: string[] = []
  const { app } = await openAppWithKey(t, {}, lines)
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/classify`
  for (const given of [{ authorization: `Bearer ${key}` }, { 'x-api-key': 'a-wrong-key' }]) {
    await (await fetch(url, { method: 'POST', body: form.payload, headers: { ...form.headers, ...given } })).text()
  }
  const readAnswered = () => lines.map((line) => JSON.parse(line) as { msg: string, keyId?: string, code?: string }).filter(({ msg }) => msg === 'answered')
  while (readAnswered().length < 2) await setImmediate() // a line follows its response
  const answered = readAnswered()
  assert.deepEqual(answered.map(({ keyId, code }) => keyId ?? code), ['team-a', 'unauthorized'])
  for (const secret of [key, 'a-wrong-key']) assert.ok(!lines.join('').includes(secret))
})

test('the metrics count requests by the id of the key, and have neither keys nor unknown ones', async (t) => {
  const { app } = await openAppWithKey(t)
  for (const authorization of [`Bearer ${key}`, `Bearer ${key}`, 'Bearer a-wrong-key']) await app.inject({ url: '/model', headers: { authorization } })
  const { body } = await app.inject('/metrics')
  const families = parseExposition(body)
  assert.equal(valueOf(families, 'ghostserve_key_requests_total', { key_id: 'team-a', status: '200' }), 2)
  assert.equal(families.find(({ name }) => name === 'ghostserve_key_requests_total')!.samples.length, 1)
  assert.ok(!body.includes(key) && !body.includes('a-wrong-key'))
})

test('a preflight needs no key, and a page can read the rejection', async (t) => {
  const { app } = await openAppWithKey(t, { CORS_ORIGINS: 'https://example.com' })
  const origin = { origin: 'https://example.com' }
  const preflight = await app.inject({ method: 'OPTIONS', url: '/classify', headers: { ...origin, 'access-control-request-method': 'POST' } })
  assert.equal(preflight.statusCode, 204)
  const refusal = await app.inject({ ...classify, headers: { ...form.headers, ...origin } })
  assert.equal(refusal.statusCode, 401)
  assert.equal(refusal.headers['access-control-allow-origin'], 'https://example.com')
})
