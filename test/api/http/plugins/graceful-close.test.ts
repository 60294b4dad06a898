/** Over real sockets: an injected request has no connection to announce the end of. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { readFixture } from '../../../fixtures/index.ts'
import { parseAnswers, type Answer } from '../../../hostile/exchange.ts'
import { request } from '../../../hostile/wire.ts'
import { openApp } from '../../open-app.ts'

const keepAlive = 'Connection: keep-alive'
const livez = request({ method: 'GET', target: '/livez', fields: [keepAlive] })
const readyz = request({ method: 'GET', target: '/readyz', fields: [keepAlive] })
const photo = request({ fields: ['Content-Type: image/jpeg', keepAlive], body: readFixture('exif-1.jpg') })

/** A client with one connection. */
class Client {
  readonly closed: Promise<void>
  readonly #socket: Socket
  #received = ''

  constructor (socket: Socket) {
    this.#socket = socket.setEncoding('latin1').on('data', (text: string) => { this.#received += text }).on('error', () => {})
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
  }

  static async connect (t: TestContext, app: FastifyInstance): Promise<Client> {
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    return new Client(socket)
  }

  write (bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** The answer to the last thing written. */
  async answer (): Promise<Answer> {
    for (;;) {
      const [answer] = parseAnswers(this.#received)
      if (answer !== undefined) {
        this.#received = ''
        return answer
      }
      await Promise.race([once(this.#socket, 'data'), this.closed.then(() => { throw new Error('closed without an answer') })])
    }
  }

  async ask (bytes: Buffer): Promise<Answer> {
    this.write(bytes)
    return await this.answer()
  }
}

/** Long enough for all that a test does meanwhile. */
const drainDelayMs = 5000

async function listen (t: TestContext, start = true): Promise<FastifyInstance> {
  const { app } = await openApp(t, {}, { start })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return app
}

test('until the drain connections are kept; from then on every response announces the end of its connection, and is followed by it', async (t) => {
  const app = await listen(t)
  const clients = await Promise.all([photo, livez, readyz].map(async (asked) => ({ asked, client: await Client.connect(t, app) })))
  for (const { asked, client } of clients) {
    for (let i = 0; i < 2; i++) assert.equal((await client.ask(asked)).headers.get('connection'), 'keep-alive')
  }
  const drained = app.drain(drainDelayMs)
  for (const { asked, client } of clients) {
    const { status, headers } = await client.ask(asked)
    assert.equal(headers.get('connection'), 'close')
    assert.equal(status, asked === readyz ? 503 : 200)
    await client.closed
  }
  await drained
})

test('during the delay new connections are served, and readiness is refused', async (t) => {
  const app = await listen(t)
  const drained = app.drain(drainDelayMs)
  assert.equal((await (await Client.connect(t, app)).ask(photo)).status, 200)
  const { status, body } = await (await Client.connect(t, app)).ask(readyz)
  assert.equal(status, 503)
  assert.equal((JSON.parse(body) as { code: string }).code, 'shutting_down')
  await drained
  await assert.rejects(Client.connect(t, app), TypeError, 'no longer listens')
})

test('after the delay connections end that are idle or never said anything; what is running gets its response', async (t) => {
  const { app, classifier } = await openApp(t, {}, { start: false })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const silent = await Client.connect(t, app)
  const idle = await Client.connect(t, app)
  await idle.ask(livez)
  const waiting = await Client.connect(t, app)
  waiting.write(photo)
  while (classifier.load.queueDepth === 0) await new Promise((resolve) => setImmediate(resolve))
  const drained = app.drain(0)
  await Promise.all([silent.closed, idle.closed])
  await classifier.start()
  const { status, headers } = await waiting.answer()
  assert.deepEqual([status, headers.get('connection')], [200, 'close'])
  await drained
})

test('bodies that have not arrived shortly before the shutdown times out are rejected, and do not hold it up', async (t) => {
  const { app } = await openApp(t, { SHUTDOWN_TIMEOUT_MS: '2000' }, { start: false })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const uploading = await Client.connect(t, app)
  uploading.write(photo.subarray(0, -100))
  const rejected = await Client.connect(t, app)
  rejected.write(request({ fields: ['Content-Type: text/csv', keepAlive], body: Buffer.alloc(30_000) }).subarray(0, -100))
  assert.equal((await rejected.answer()).status, 415)
  const startedAt = performance.now()
  const drained = app.drain(0)
  const { status, headers, body } = await uploading.answer()
  assert.deepEqual([status, headers.get('connection'), (JSON.parse(body) as { code: string }).code], [503, 'close', 'shutting_down'])
  uploading.write(photo.subarray(-100))
  await Promise.all([drained, rejected.closed])
  assert.ok(performance.now() - startedAt < 2000)
})

test('a close that waits for a response longer than Fastify waits for a plugin is none the worse', { timeout: 30_000 }, async (t) => {
  const { app, classifier } = await openApp(t, { REQUEST_TIMEOUT_MS: '60000', SHUTDOWN_TIMEOUT_MS: '60000' }, { start: false })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const waiting = await Client.connect(t, app)
  waiting.write(photo)
  while (classifier.load.queueDepth === 0) await new Promise((resolve) => setImmediate(resolve))
  const drained = app.drain(0)
  await sleep(10_500)
  await classifier.start()
  assert.equal((await waiting.answer()).status, 200)
  await drained
})
