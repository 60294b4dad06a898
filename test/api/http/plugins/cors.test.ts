import assert from 'node:assert/strict'
import test from 'node:test'
import { readFixture } from '../../../fixtures/index.ts'
import { formOf, openApp } from '../../open-app.ts'

const preflight = (origin: string) => ({
  method: 'OPTIONS',
  url: '/classify',
  headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,x-api-key' },
} as const)

test('by default no page may call: a preflight is not answered as one', async (t) => {
  const { app } = await openApp(t, {}, { start: false })
  const response = await app.inject(preflight('https://example.com'))
  assert.equal(response.statusCode, 405)
  assert.equal(response.headers['access-control-allow-origin'], undefined)
})

test('pages of the configured origins may send images with a key, and read timings and the request id', async (t) => {
  const { app } = await openApp(t, { CORS_ORIGINS: 'https://example.com, http://localhost:3000' })
  for (const origin of ['https://example.com', 'http://localhost:3000']) {
    const { statusCode, headers } = await app.inject(preflight(origin))
    assert.equal(statusCode, 204)
    assert.equal(headers['access-control-allow-origin'], origin)
    assert.match(String(headers['access-control-allow-methods']), /\bPOST\b/)
    assert.equal(headers['access-control-allow-headers'], 'authorization,x-api-key')
    assert.equal(headers['access-control-allow-credentials'], undefined)
    assert.match(String(headers['vary']), /Origin/)
  }
  const { headers, payload } = formOf(readFixture('chelsea.png'))
  const answer = await app.inject({ method: 'POST', url: '/classify', payload, headers: { ...headers, origin: 'https://example.com' } })
  assert.equal(answer.statusCode, 200)
  assert.equal(answer.headers['access-control-allow-origin'], 'https://example.com')
  assert.equal(answer.headers['access-control-expose-headers'], 'server-timing, x-request-id, retry-after')
})

test('pages of other origins may not', async (t) => {
  const { app } = await openApp(t, { CORS_ORIGINS: 'https://example.com' }, { start: false })
  for (const origin of ['https://example.com.evil.test', 'http://example.com', 'https://sub.example.com', 'null']) {
    const { headers } = await app.inject(preflight(origin))
    assert.equal(headers['access-control-allow-origin'], undefined, origin)
  }
})

test('rejections can be read too', async (t) => {
  const { app } = await openApp(t, { CORS_ORIGINS: '*' }, { start: false })
  for (const [method, url] of [['POST', '/classify'], ['GET', '/nothing']] as const) {
    const { statusCode, headers } = await app.inject({ method, url, headers: { origin: 'https://example.com' } })
    assert.ok(statusCode >= 400)
    assert.equal(headers['access-control-allow-origin'], '*')
  }
})

for (const wrong of ['example.com', 'https://example.com/', 'https://example.com/path', 'ftp://example.com', 'https://*.example.com', 'HTTPS://example.com']) {
  test(`${wrong} is no origin, which ends the start with one sentence`, async (t) => {
    await assert.rejects(openApp(t, { CORS_ORIGINS: `https://good.example,${wrong}` }, { start: false }), {
      code: 'CONFIG_INVALID', message: `Expected CORS_ORIGINS to have origins such as https://example.com, got "${wrong}".`,
    })
  })
}
