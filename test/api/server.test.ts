/** The process as it is run: spawned, signalled, watched until it ends. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { readFixture } from '../fixtures/index.ts'
import { deployed, ServerProcess } from '../server-process.ts'
import { formOf } from './open-app.ts'

function spawnServer (t: TestContext, environment: Record<string, string>, entry?: readonly string[]): ServerProcess {
  const server = new ServerProcess(environment, entry === undefined ? {} : { entry })
  t.after(() => server.stop())
  return server
}

test('starts, says what it serves, and logs one line per request without names or bytes of images', async (t) => {
  const server = spawnServer(t, {})
  await server.listening()
  const ready = await server.line('ready')
  assert.equal(ready['model'], 'ghostnet_050_tin200')
  const { headers, payload } = formOf(readFixture('coffee.png'))
  const response = await fetch(`${server.url}/classify`, { method: 'POST', headers: { ...headers, 'x-request-id': 'from-the-client' }, body: payload })
  assert.equal(response.status, 200)
  await response.text()
  const { level, time, pid, hostname, durationMs, stages, msg, ...line } = await server.line('answered')
  assert.deepEqual(line, { requestId: 'from-the-client', method: 'POST', path: '/classify', status: 200, images: 1, batchSize: 1 })
  assert.deepEqual(Object.keys(stages as object), ['read', 'decode', 'queue', 'run', 'post'])
})

test('decoding and sessions yield to the main thread', { skip: process.platform !== 'linux' && 'only Linux has priorities of threads' }, async (t) => {
  const server = spawnServer(t, { WORKERS: '2', UV_THREADPOOL_SIZE: '5' }, deployed)
  await server.line('ready')
  const tasks = `/proc/${server.pid}/task`
  const niceness = (thread: string): number => Number(readFileSync(`${tasks}/${thread}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[16])
  const counts = new Map<number, number>()
  for (const thread of readdirSync(tasks)) counts.set(niceness(thread), (counts.get(niceness(thread)) ?? 0) + 1)
  const base = niceness(String(server.pid)) // niceness of the test process
  assert.ok(counts.get(Math.max(5, base))! >= 5, 'the threads of the pool')
  assert.ok(counts.get(Math.max(10, base))! >= 2, 'the workers')
})

test('SIGTERM lets a running request finish, closes idle connections, and ends with 0', async (t) => {
  const server = spawnServer(t, {})
  await server.listening()
  await server.line('ready')
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const { headers, payload } = formOf(...Array<Buffer>(16).fill(readFixture('chelsea.png')))
  const answer = new Promise<number>((resolve, reject) => {
    const running = request(`${server.url}/classify`, { method: 'POST', headers, agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode!))
    })
    running.once('error', reject)
    running.end(payload, () => setImmediate(() => server.signal('SIGTERM')))
  })
  const stoppedAt = performance.now()
  assert.equal(await answer, 200)
  assert.equal(await server.exitCode(), 0)
  const seconds = (performance.now() - stoppedAt) / 1000
  t.diagnostic(`ended after ${seconds.toFixed(1)} s`)
  assert.ok(seconds < 5, `${seconds} s with a client that keeps its connection`)
})

const startErrors: Record<string, { environment: Record<string, string>, message: RegExp }> = {
  'a variable that is not valid': { environment: { MAX_IMAGES: 'lots' }, message: /^Expected MAX_IMAGES to be a whole number from 1 to 1000, got "lots"\.\n$/ },
  'a file of API keys that is not one': {
    environment: { API_KEYS_FILE: 'package.json' },
    message: /^Expected line 1 of package\.json to be a key id and a SHA-256 of 64 hexadecimal digits, got something else\.\n$/,
  },
  'proxies that are none': { environment: { TRUST_PROXY: 'yes' }, message: /^Expected TRUST_PROXY to be a number of proxies, .*\n$/ },
  'a model that is not there': { environment: { MODEL: 'ghostnet_999', MODEL_DIR: '/nonexistent' }, message: /^Expected a model directory or the name of a model in \/nonexistent, got "ghostnet_999".*\n$/ },
}
for (const [what, { environment, message }] of Object.entries(startErrors)) {
  test(`${what} ends the start with 1 and one sentence`, async (t) => {
    const server = spawnServer(t, environment)
    assert.equal(await server.exitCode(), 1)
    assert.match(server.stderr, message)
  })
}

test('a port that is taken ends the start with 1 and one sentence', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const server = spawnServer(t, { PORT: String((other.address() as AddressInfo).port) })
  assert.equal(await server.exitCode(), 1)
  assert.match(server.stderr, /^listen EADDRINUSE.*\n$/)
})
