/** The process as it is run: spawned, signalled, watched until it ends. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { packageRoot } from '../../models/package-root.ts'
import { readFixture } from '../fixtures/index.ts'
import { formOf } from './open-app.ts'

interface LogLine { msg: string, level: number, [field: string]: unknown }

class Server {
  readonly child: ChildProcess
  readonly lines: LogLine[] = []
  stderr = ''

  constructor (t: TestContext, environment: Record<string, string>, entry: readonly string[] = ['dist/api/server.js']) {
    const { PATH = '' } = process.env
    this.child = spawn(process.execPath, entry, {
      cwd: packageRoot,
      env: { PATH, HOST: '127.0.0.1', PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.after(() => this.child.kill('SIGKILL'))
    let rest = ''
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const complete = (rest + text).split('\n')
      rest = complete.pop()!
      for (const line of complete) this.lines.push(JSON.parse(line) as LogLine)
      this.child.emit('line')
    })
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.stderr += text })
  }

  /** The first log line that says `message`. */
  async line (message: string | RegExp): Promise<LogLine> {
    for (;;) {
      const found = this.lines.find(({ msg }) => typeof message === 'string' ? msg === message : message.test(msg))
      if (found !== undefined) return found
      await once(this.child, 'line')
    }
  }

  async url (): Promise<string> {
    const { msg } = await this.line(/^Server listening at/)
    return msg.replace('Server listening at ', '')
  }

  async exitCode (): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode
    const [code] = await once(this.child, 'close') as [number | null]
    return code
  }
}

test('starts, says what it serves, and logs one line a request without names or bytes of images', async (t) => {
  const server = new Server(t, {})
  const url = await server.url()
  const ready = await server.line('ready')
  assert.equal(ready['model'], 'ghostnet_050_tin200')
  const { headers, payload } = formOf(readFixture('coffee.png'))
  const response = await fetch(`${url}/classify`, { method: 'POST', headers: { ...headers, 'x-request-id': 'from-the-client' }, body: payload })
  assert.equal(response.status, 200)
  await response.text()
  const { level, time, pid, hostname, durationMs, stages, msg, ...line } = await server.line('answered')
  assert.deepEqual(line, { requestId: 'from-the-client', method: 'POST', path: '/classify', status: 200, images: 1, batchSize: 1 })
  assert.deepEqual(Object.keys(stages as object), ['read', 'decode', 'queue', 'run', 'post'])
})

test('decoding and sessions yield to the main thread', { skip: process.platform !== 'linux' && 'only Linux has priorities of threads' }, async (t) => {
  const server = new Server(t, { WORKERS: '2', UV_THREADPOOL_SIZE: '5' }, ['api/bootstrap.cjs', 'serve'])
  await server.line('ready')
  const tasks = `/proc/${server.child.pid}/task`
  const niceness = (thread: string): number => Number(readFileSync(`${tasks}/${thread}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[16])
  const counts = new Map<number, number>()
  for (const thread of readdirSync(tasks)) counts.set(niceness(thread), (counts.get(niceness(thread)) ?? 0) + 1)
  const base = niceness(String(server.child.pid)) // of whoever runs the tests
  assert.ok(counts.get(Math.max(5, base))! >= 5, 'the threads of the pool')
  assert.ok(counts.get(Math.max(10, base))! >= 2, 'the workers')
})

test('SIGTERM lets a running request finish, closes idle connections, and ends with 0', async (t) => {
  const server = new Server(t, {})
  const url = await server.url()
  await server.line('ready')
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const { headers, payload } = formOf(...Array<Buffer>(16).fill(readFixture('chelsea.png')))
  const answer = new Promise<number>((resolve, reject) => {
    const running = request(`${url}/classify`, { method: 'POST', headers, agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode!))
    })
    running.once('error', reject)
    running.end(payload, () => setImmediate(() => server.child.kill('SIGTERM')))
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
    const server = new Server(t, environment)
    assert.equal(await server.exitCode(), 1)
    assert.match(server.stderr, message)
  })
}

test('a port that is taken ends the start with 1 and one sentence', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const server = new Server(t, { PORT: String((other.address() as AddressInfo).port) })
  assert.equal(await server.exitCode(), 1)
  assert.match(server.stderr, /^listen EADDRINUSE.*\n$/)
})
