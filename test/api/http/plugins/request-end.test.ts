import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import test from 'node:test'
import type { FastifyRequest } from 'fastify'
import { readFixture } from '../../../fixtures/index.ts'
import { formOf, openApp } from '../../open-app.ts'

const { headers, payload } = formOf(readFixture('coffee.png'))
const head = `POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: ${headers['content-type']}\r\nContent-Length: ${payload.length}\r\n\r\n`

const departures: Record<string, { sent: Buffer, waitsForWork: boolean }> = {
  'in the middle of the upload': { sent: Buffer.concat([Buffer.from(head), payload.subarray(0, 1000)]), waitsForWork: false },
  'while its image waits': { sent: Buffer.concat([Buffer.from(head), payload]), waitsForWork: true },
}
for (const [when, { sent, waitsForWork }] of Object.entries(departures)) {
  test(`a client that hangs up ${when} is reported once, as client_gone`, { timeout: 20_000 }, async (t) => {
    const { app, classifier } = await openApp(t, {}, { start: false })
    const ends: Array<[string | undefined, number]> = []
    const arrived = new Promise<void>((resolve) => app.addHook('onRequest', async () => resolve()))
    const ended = new Promise<void>((resolve) => app.onRequestEnd(({ outcome, status }) => {
      ends.push([outcome.code, status])
      resolve()
    }))
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(sent)
    await arrived
    if (waitsForWork) while (classifier.load.queueDepth === 0) await new Promise((resolve) => setImmediate(resolve))
    socket.resetAndDestroy()
    await ended
    await fetch(`http://127.0.0.1:${port}/livez`) // anything that would come twice has come by now
    assert.deepEqual(ends, [['client_gone', 499], [undefined, 200]])
  })
}

test('a client that hangs up on several requests of one connection is reported once for each, and their bodies are let go', { timeout: 20_000 }, async (t) => {
  const { app, classifier } = await openApp(t, {}, { start: false })
  const ends: Array<[string | undefined, number]> = []
  app.onRequestEnd(({ outcome, status }) => { ends.push([outcome.code, status]) })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const whole = Buffer.concat([Buffer.from(head), payload])
  const unfinished = whole.subarray(0, -100)
  socket.write(Buffer.concat([whole, whole, Buffer.from('GET /% HTTP/1.1\r\nHost: x\r\n\r\n'), unfinished]))
  while (classifier.load.queueDepth < 2 || app.bodyReaders.size < 3) await new Promise((resolve) => setImmediate(resolve))
  socket.resetAndDestroy()
  await fetch(`http://127.0.0.1:${port}/livez`)
  assert.equal(app.bodyReaders.size, 0)
  assert.deepEqual(ends, [...Array(4).fill(['client_gone', 499]), [undefined, 200]])
})

test('a client that ends its connection in the middle of the upload may still read, and is reported once by what it can read', { timeout: 20_000 }, async (t) => {
  const { app } = await openApp(t, {}, { start: false })
  const ends: Array<[string | undefined, number]> = []
  const ended = new Promise<void>((resolve) => app.onRequestEnd(({ outcome, status }) => {
    ends.push([outcome.code, status])
    resolve()
  }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  connect(port, '127.0.0.1').end(Buffer.concat([Buffer.from(head), payload.subarray(0, 1000)])).resume()
  await ended
  await fetch(`http://127.0.0.1:${port}/livez`)
  assert.deepEqual(ends, [['invalid_request', 400], [undefined, 200]])
})

test('a request that is answered is reported once, over a socket and injected', async (t) => {
  const { app } = await openApp(t, {}, { start: false })
  const statuses: number[] = []
  app.onRequestEnd(({ status }) => { statuses.push(status) })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  await (await fetch(`http://127.0.0.1:${port}/livez`)).text()
  await app.inject('/readyz')
  assert.deepEqual(statuses, [200, 503])
})

test('the outcome has the codes of single images, and every stage of every image is on the timeline', async (t) => {
  const { app } = await openApp(t)
  const requests: FastifyRequest[] = []
  app.onRequestEnd(({ request }) => { requests.push(request!) })
  await app.inject({ method: 'POST', url: '/classify', ...formOf(readFixture('coffee.png'), 'text', readFixture('chelsea.png')) })
  const [{ outcome, timeline }] = requests as [FastifyRequest]
  assert.deepEqual([outcome.images, outcome.code, outcome.imageCodes], [3, undefined, ['unsupported_media']])
  assert.deepEqual(timeline.map(({ stage }) => stage).sort(), ['decode', 'decode', 'decode', 'post', 'post', 'queue', 'queue', 'read', 'run', 'run'])
  for (const { stage, startedAt, endedAt } of timeline) assert.ok(endedAt >= startedAt, stage)
})

test('a path that is no path is reported as well', async (t) => {
  const { app } = await openApp(t, {}, { start: false })
  const ends: unknown[] = []
  app.onRequestEnd(({ outcome: { code }, status }) => { ends.push([code, status]) })
  assert.equal((await app.inject('/%')).statusCode, 400)
  assert.deepEqual(ends, [['invalid_request', 400]])
})
