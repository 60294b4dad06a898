import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { readFixture } from '../../../fixtures/index.ts'
import { exchange, open, parseAnswers, type Answer } from '../../../hostile/exchange.ts'
import { request } from '../../../hostile/wire.ts'
import { openApp } from '../../open-app.ts'
import { key, openAppWithKey } from '../../open-app-with-key.ts'
import { parseExposition } from '../../plugins/exposition.ts'

const body = readFixture('coffee.png').subarray(0, 4096)
const post = (fields: readonly string[] = [], target = '/classify'): Buffer =>
  request({ target, fields: ['Content-Type: image/png', ...fields], body })

interface FullService {
  readonly port: number
  readonly lines: readonly string[]
  /** Requests that reached the framework. */
  readonly seen: () => number
  readonly drain: () => void
}

/** Listens, has no sessions, and two images in flight: as many as its queue takes, unless `environment` says otherwise. */
async function openFull (t: TestContext, open: typeof openApp = openApp, environment: Record<string, string> = {}): Promise<FullService> {
  const lines: string[] = []
  const stream = new Writable({ write: (chunk, _encoding, done) => { lines.push(String(chunk)); done() } })
  const options = { start: false, logger: { level: 'info', stream } } as const
  const { app, classifier } = await open(t, { MAX_QUEUE_SIZE: '2', MAX_IMAGES: '1', ...environment }, options)
  let seen = 0
  app.onRequestEnd(({ request }) => { if (request !== undefined) seen++ })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const photo = readFixture('coffee.png')
  for (let i = 0; i < 2; i++) {
    const given = { method: 'POST', url: '/classify', headers: { 'content-type': 'image/png', 'x-api-key': key }, payload: photo } as const
    app.inject(given).catch(() => {}) // answered when the service closes
    while (classifier.admission.inFlight <= i) await new Promise((resolve) => setImmediate(resolve))
  }
  seen = 0
  return { port, lines, seen: () => seen, drain: () => { app.isDraining = true } }
}

const withoutTimes = ({ status, headers, body }: Answer): unknown => {
  const { requestId, ...problem } = JSON.parse(body) as { requestId: string }
  const others = [...headers].filter(([name]) => !['date', 'x-request-id', 'content-length', 'vary'].includes(name)).sort()
  return { status, others, problem, isIdTheSame: requestId === headers.get('x-request-id') }
}

test('an early rejection is the one that Fastify would give, and Fastify never sees the request', async (t) => {
  const { port, seen } = await openFull(t)
  const { answers: [atTheDoor] } = await exchange(port, post())
  assert.equal(seen(), 0)
  const { answers: [furtherIn] } = await exchange(port, post(['Origin: https://example.com']))
  assert.equal(seen(), 1)
  assert.deepEqual(withoutTimes(atTheDoor!), withoutTimes(furtherIn!))
  assert.deepEqual([atTheDoor!.status, (JSON.parse(atTheDoor!.body) as { code: string }).code], [503, 'queue_full'])
})

test('it is counted and logged like any other', async (t) => {
  const { port, lines } = await openFull(t)
  await exchange(port, post(['x-request-id: of-the-client'], '/classify?topK=1'))
  const metrics = parseExposition(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).flatMap(({ samples }) => samples)
  const value = (name: string, labels: Record<string, string>): number | undefined => metrics.find((sample) =>
    sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text))?.value
  assert.equal(value('ghostserve_rejections_total', { code: 'queue_full' }), 1)
  assert.equal(value('ghostserve_request_duration_seconds_count', { route: '/classify', method: 'POST', status: '503' }), 1)
  const [line] = lines.map((text) => JSON.parse(text) as Record<string, unknown>).filter(({ requestId }) => requestId === 'of-the-client')
  const { path, status, code, msg } = line!
  assert.deepEqual({ path, status, code, msg }, { path: '/classify', status: 503, code: 'queue_full', msg: 'answered' })
})

test('its connection goes on, body and all, and responses keep their order', async (t) => {
  const { port, seen } = await openFull(t)
  const get = Buffer.from('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
  const { answers } = await exchange(port, Buffer.concat([post(['Connection: keep-alive']), get, post(['Connection: keep-alive']), post()]))
  assert.deepEqual(answers.map(({ status }) => status), [503, 200, 503, 503])
  assert.ok(seen() >= 1, 'the probe is not for the door')
})

test('a client over its share is rejected early, unless proxies hide its address', async (t) => {
  for (const [trustProxy, code] of [['', 'too_many_requests'], ['1', 'queue_full']] as const) {
    const { port, seen } = await openFull(t, openApp, { MAX_CLIENT_IMAGES: '2', MAX_QUEUE_SIZE: trustProxy === '' ? '4' : '2', TRUST_PROXY: trustProxy })
    const { answers: [answer] } = await exchange(port, post(trustProxy === '' ? [] : ['X-Forwarded-For: 10.0.0.9']))
    assert.deepEqual([(JSON.parse(answer!.body) as { code: string }).code, seen()], [code, 0])
  }
})

const longWay: Record<string, { target?: string, fields?: readonly string[], status: number }> = {
  'a path that is no route': { target: '/classify/all', status: 404 },
  'a page of another origin': { fields: ['Origin: https://example.com'], status: 503 },
  'who waits for 100 Continue': { fields: ['Expect: 100-continue'], status: 503 },
}
for (const [what, { target, fields, status }] of Object.entries(longWay)) {
  test(`${what} takes the long way`, async (t) => {
    const { port, seen } = await openFull(t)
    const { answers: [answer] } = await exchange(port, post(fields, target))
    assert.deepEqual([answer!.status, seen()], [status, 1])
  })
}

test('a body that is too long to be read for the sake of the connection takes the long way, which ends it', async (t) => {
  const { port, seen } = await openFull(t)
  const long = request({ fields: ['Content-Type: image/png', 'Connection: keep-alive'], body: Buffer.alloc(100_000) })
  const { answers: [answer], isClosed } = await exchange(port, long)
  assert.deepEqual([answer!.status, answer!.headers.get('connection'), isClosed, seen()], [503, 'close', true, 1])
})

test('while the service drains, every refusal says that its connection ends', async (t) => {
  const { port, drain } = await openFull(t)
  const socket = await open(port)
  let received = ''
  socket.on('data', (text: string) => { received += text })
  drain()
  socket.write(post(['Connection: keep-alive']))
  await new Promise((resolve) => socket.once('close', resolve))
  assert.equal(parseAnswers(received)[0]?.headers.get('connection'), 'close')
})

test('where keys are needed, the key is looked at first', async (t) => {
  const { port } = await openFull(t, (t, environment) => openAppWithKey(t, environment))
  const statuses = []
  for (const fields of [[], [`x-api-key: ${key}`]]) statuses.push((await exchange(port, post(fields))).answers[0]!.status)
  assert.deepEqual(statuses, [401, 503])
})
