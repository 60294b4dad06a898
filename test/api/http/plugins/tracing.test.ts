import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test, { suite, type TestContext } from 'node:test'
import { packageRoot } from '../../../../models/package-root.ts'
import { readFixture } from '../../../fixtures/index.ts'
import { formOf, openApp } from '../../open-app.ts'
import { attributesOf, Collector, durationMs } from '../../plugins/otlp-collector.ts'

const coffee = readFixture('coffee.png')

const traceId = '0af7651916cd43dd8448eb211c80319c'
const parentId = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${parentId}-01`

suite('with a collector', () => {
  test('a request is a span under its caller\'s, with one for each stage of each image', async (t) => {
    const collector = new Collector()
    const { app } = await openApp(t, await collector.open(t))
    const form = formOf(coffee, coffee)
    const response = await app.inject({ method: 'POST', url: '/classify?topK=1', ...form, headers: { ...form.headers, traceparent } })
    assert.equal(response.statusCode, 200)
    await app.close() // sends what is left

    const [request, ...others] = collector.named('POST /classify')
    assert.deepEqual(others, [])
    assert.deepEqual([request!.traceId, request!.parentSpanId, request!.kind], [traceId, parentId, 2])
    assert.equal(response.headers['traceresponse'], `00-${traceId}-${request!.spanId}-01`)
    const { 'ghostserve.request_id': requestId, ...attributes } = attributesOf(request!)
    assert.equal(requestId, response.headers['x-request-id'])
    assert.deepEqual(attributes, {
      'http.request.method': 'POST',
      'url.path': '/classify',
      'http.route': '/classify',
      'http.response.status_code': '200',
      'ghostserve.images': '2',
    })
    const children = collector.spans.filter(({ parentSpanId }) => parentSpanId === request!.spanId)
    assert.deepEqual(children.map(({ name }) => name).sort(), ['decode', 'decode', 'post', 'post', 'queue', 'queue', 'read', 'run', 'run'])
    for (const child of children) {
      assert.equal(child.traceId, traceId)
      assert.ok(BigInt(child.startTimeUnixNano) >= BigInt(request!.startTimeUnixNano) - 1000n, `${child.name} starts within the request`)
      assert.ok(BigInt(child.endTimeUnixNano) <= BigInt(request!.endTimeUnixNano) + 1000n, `${child.name} ends within the request`)
      assert.ok(durationMs(child) >= 0, child.name)
    }
    assert.deepEqual([...collector.services], ['ghostserve'])
  })

  test('waiting and running are linked to the batch, which requests share', async (t) => {
    const collector = new Collector()
    const { app, classifier } = await openApp(t, { ...await collector.open(t), OTEL_SERVICE_NAME: 'labels' }, { start: false })
    const answers = [1, 2].map(() => app.inject({ method: 'POST', url: '/classify', ...formOf(coffee) }))
    while (classifier.load.queueDepth < 2) await new Promise((resolve) => setImmediate(resolve))
    await classifier.start() // both wait, so they run together
    await Promise.all(answers)
    await app.close()

    const [batch, ...others] = collector.named('batch')
    assert.deepEqual(others, [])
    assert.equal(attributesOf(batch!)['ghostserve.batch_size'], '2')
    const requests = collector.named('POST /classify')
    assert.equal(new Set(requests.map((request) => request.traceId)).size, 2)
    for (const name of ['queue', 'run']) {
      const spans = collector.named(name)
      assert.deepEqual(spans.map((span) => span.traceId).sort(), requests.map((request) => request.traceId).sort())
      for (const { links } of spans) assert.deepEqual(links.map((link) => [link.traceId, link.spanId]), [[batch!.traceId, batch!.spanId]])
    }
    assert.ok(Math.abs(durationMs(collector.named('run')[0]!) - durationMs(batch!)) < 0.001)
    assert.deepEqual([...collector.services], ['labels'])
  })

  test('what its caller does not sample is not sent, and nor are probes', async (t) => {
    const collector = new Collector()
    const { app } = await openApp(t, await collector.open(t), { start: false })
    const unsampled = await app.inject({ url: '/model', headers: { traceparent: traceparent.replace(/1$/, '0') } })
    assert.match(String(unsampled.headers['traceresponse']), new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`))
    assert.equal((await app.inject('/livez')).headers['traceresponse'], undefined)
    await app.inject('/metrics')
    await app.inject({ url: '/model', headers: { traceparent: 'not one' } })
    await app.close()
    assert.deepEqual(collector.spans.map(({ name }) => name), ['GET /model'])
    assert.notEqual(collector.spans[0]!.traceId, traceId)
  })

  test('a request that fails says why, and its span how far it came', async (t) => {
    const collector = new Collector()
    const { app } = await openApp(t, { ...await collector.open(t), REQUEST_TIMEOUT_MS: '300' }, { start: false })
    await app.inject({ method: 'POST', url: '/classify', ...formOf(coffee) })
    await app.inject('/nowhere')
    await app.close()
    const [late] = collector.named('POST /classify')
    const { 'error.type': problem, 'http.response.status_code': status } = attributesOf(late!)
    assert.deepEqual([problem, status, late!.status.code], ['deadline_exceeded', '504', 2])
    const children = collector.spans.filter(({ parentSpanId }) => parentSpanId === late!.spanId)
    assert.deepEqual(children.map(({ name }) => name), ['read', 'decode', 'queue'])
    const [nowhere] = collector.named('GET')
    assert.deepEqual([attributesOf(nowhere!)['error.type'], nowhere!.status.code], ['not_found', 0])
  })

  test('that is not there, the service answers and ends all the same', { timeout: 20_000 }, async (t) => {
    const { app } = await openApp(t, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })
    assert.equal((await app.inject({ method: 'POST', url: '/classify', ...formOf(coffee) })).statusCode, 200)
    const startedAt = performance.now()
    await app.close()
    const seconds = (performance.now() - startedAt) / 1000
    t.diagnostic(`closed after ${seconds.toFixed(1)} s`)
    assert.ok(seconds < 5, `${seconds} s`)
  })
})

interface LastWords { line: Record<string, unknown>, modules: string[] }

/** Runs the service for one request; gives its log line and the modules of the bundle that it has loaded by its end. */
async function serveOnce (t: TestContext, environment: Record<string, string>): Promise<LastWords> {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-modules-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const list = join(folder, 'modules.txt')
  const hooks = `import { appendFileSync } from 'node:fs'
    export async function load (url, context, next) { appendFileSync(${JSON.stringify(list)}, url + '\\n'); return next(url, context) }`
  const preload = asModule(`import { register } from 'node:module'; register(${JSON.stringify(asModule(hooks))})`)
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, ['--import', preload, 'dist/bundle/server.js'], {
    cwd: packageRoot, env: { PATH, HOST: '127.0.0.1', PORT: '0', ...environment }, stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  let answered: Record<string, unknown> = {}
  let url = ''
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Record<string, unknown> & { msg: string }
    if (line.msg.startsWith('Server listening at ')) url = line.msg.replace('Server listening at ', '')
    if (line.msg === 'ready') {
      const { headers, payload } = formOf(coffee)
      await (await fetch(`${url}/classify`, { method: 'POST', headers: { ...headers, traceparent, connection: 'close' }, body: payload })).text()
    }
    if (line.msg === 'answered') {
      answered = line
      child.kill('SIGTERM')
    }
  }
  if (child.exitCode === null) await once(child, 'exit')
  // esbuild names each module of a file in a comment before it.
  const files = readFileSync(list, 'utf8').split('\n').filter((url) => url.includes('/dist/bundle/'))
  const modules = files.flatMap((url) => [...readFileSync(new URL(url), 'utf8').matchAll(/^\/\/ (\S+\.[cm]?js)$/gm)].map(([, path]) => path!))
  return { line: answered, modules }
}

const asModule = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`
const isOfOpenTelemetry = (path: string): boolean => path.includes('opentelemetry')

suite('as a process', () => {
  test('without a collector nothing of OpenTelemetry is loaded', async (t) => {
    const { line, modules } = await serveOnce(t, {})
    assert.equal(line['status'], 200)
    assert.ok(!('traceId' in line))
    assert.ok(modules.some((path) => path.includes('fastify')), 'the list has what is loaded')
    assert.deepEqual(modules.filter(isOfOpenTelemetry), [])
  })

  test('with one it is, spans are sent before the end, and the log line has the trace\'s id', async (t) => {
    const collector = new Collector()
    const { line, modules } = await serveOnce(t, await collector.open(t))
    assert.equal(line['traceId'], traceId)
    assert.ok(modules.some(isOfOpenTelemetry))
    assert.deepEqual(collector.named('POST /classify').map((span) => span.traceId), [traceId])
  })
})
