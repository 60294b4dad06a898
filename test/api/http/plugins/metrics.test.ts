import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { suite } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { packageRoot } from '../../../../models/package-root.ts'
import { readFixture } from '../../../fixtures/index.ts'
import { formOf, openApp } from '../../open-app.ts'
import { key, openAppWithKey } from '../../open-app-with-key.ts'
import { lint, parseExposition, valueOf, type Family } from '../../plugins/exposition.ts'

const coffee = readFixture('coffee.png')
const chelsea = readFixture('chelsea.png')
const loopback = { host: '127.0.0.1', port: 0 }

async function scrape (app: FastifyInstance): Promise<Family[]> {
  return parseExposition((await app.inject('/metrics')).body)
}

/** Scrapes until it holds; the test's own time limit ends it. */
async function scrapeUntil (app: FastifyInstance, holds: (families: Family[]) => boolean): Promise<void> {
  while (!holds(await scrape(app))) await new Promise((resolve) => setImmediate(resolve))
}

suite('GET /metrics', () => {
  test('names, types, units and labels follow Prometheus\'s rules', async (t) => {
    const { app } = await openApp(t)
    await app.inject({ method: 'POST', url: '/classify', ...formOf(coffee, 'text') })
    const response = await app.inject('/metrics')
    assert.match(String(response.headers['content-type']), /^text\/plain; version=0\.0\.4/)
    const families = parseExposition(response.body)
    assert.ok(families.length >= 18, `${families.length} families`)
    assert.deepEqual(lint(families), [])
  })

  test('the lint of that test finds what it is for', () => {
    const bad = parseExposition([
      '# HELP ghostserve_wait_ms Wait.', '# TYPE ghostserve_wait_ms gauge', 'ghostserve_wait_ms{path="/x"} 1',
      '# HELP requests no sentence', '# TYPE requests counter', 'requests 1', '',
    ].join('\n'))
    assert.equal(lint(bad).length, 6, lint(bad).join('\n'))
  })

  test('promtool check metrics finds nothing to say', async (t) => {
    const { app } = await openApp(t)
    await app.inject({ method: 'POST', url: '/classify', ...formOf(coffee, 'text') })
    const { body } = await app.inject('/metrics')
    const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' })
    if (error !== undefined && 'code' in error && error.code === 'ENOENT') {
      const reason = 'promtool is not installed (package "prometheus"), so only our own lint has judged the metrics'
      process.stderr.write(`!!! SKIPPED: ${reason}\n`)
      t.skip(reason)
      return
    }
    assert.deepEqual({ status, output: stdout + stderr }, { status: 0, output: '' })
  })

  test('counts a request by its route, method and status, its images by stage, and each batch once', async (t) => {
    const { app } = await openApp(t, { WORKERS: '1', MAX_BATCH_SIZE: '4', MAX_QUEUE_DELAY_MS: '1000' })
    await app.inject({ method: 'POST', url: '/classify?topK=1', ...formOf(coffee, chelsea, coffee, chelsea) })
    const families = await scrape(app)
    assert.equal(valueOf(families, 'ghostserve_request_duration_seconds_count', { route: '/classify', method: 'POST', status: '200' }), 1)
    assert.equal(valueOf(families, 'ghostserve_image_decode_seconds_count'), 4)
    assert.equal(valueOf(families, 'ghostserve_queue_wait_seconds_count'), 4)
    assert.equal(valueOf(families, 'ghostserve_batch_size_count'), 1)
    assert.equal(valueOf(families, 'ghostserve_batch_size_sum'), 4)
    assert.equal(valueOf(families, 'ghostserve_batch_run_seconds_count'), 1)
    const runSeconds = valueOf(families, 'ghostserve_batch_run_seconds_sum')
    assert.ok(runSeconds > 0 && runSeconds < 10, `${runSeconds} s`)
    assert.equal(valueOf(families, 'ghostserve_images_in_work'), 0)
    assert.equal(valueOf(families, 'ghostserve_workers_alive'), 1)
  })

  test('histograms of seconds reach from 1 ms to 10 s', async (t) => {
    const { app } = await openApp(t, {}, { start: false })
    const families = (await scrape(app)).filter(({ name, type }) => type === 'histogram' && name.endsWith('_seconds') && !name.includes('request'))
    assert.equal(families.length, 3)
    for (const { name, samples } of families) {
      const bounds = samples.flatMap(({ labels: { le } }) => le === undefined || le === '+Inf' ? [] : [Number(le)])
      assert.deepEqual([Math.min(...bounds), Math.max(...bounds)], [0.001, 10], name)
    }
  })

  test('counts each image that has no predictions by its code, and each request that was rejected as a whole once', async (t) => {
    const { app } = await openApp(t, { MAX_IMAGES: '3' })
    const post = async (...files: Array<Buffer | string>) => await app.inject({ method: 'POST', url: '/classify', ...formOf(...files) })
    const count = async (code: string) => valueOf(await scrape(app), 'ghostserve_rejections_total', { code })
    assert.equal(await count('unsupported_media'), 0)
    assert.equal((await post(coffee, 'text')).statusCode, 200)
    assert.equal(await count('unsupported_media'), 1)
    assert.equal((await post('text', 'more text')).statusCode, 415)
    assert.equal(await count('unsupported_media'), 3)
    assert.equal((await post('a', 'b', 'c', 'd')).statusCode, 413)
    assert.equal(await count('too_many_images'), 1)
    assert.equal((await app.inject('/classify?topK=many')).statusCode, 405)
    assert.equal(await count('method_not_allowed'), 1)
  })

  test('has no series for paths and methods that clients make up', async (t) => {
    const { app } = await openApp(t, {}, { start: false })
    for (let i = 0; i < 20; i++) await app.inject({ method: i % 2 === 0 ? 'GET' : 'DELETE', url: `/made-up-${i}?q=${i}` })
    const families = await scrape(app)
    assert.equal(valueOf(families, 'ghostserve_request_duration_seconds_count', { route: 'unmatched', method: 'any', status: '404' }), 20)
    const { samples } = families.find(({ name }) => name === 'ghostserve_request_duration_seconds')!
    assert.equal(samples.filter(({ name }) => name.endsWith('_count')).length, 1)
  })

  test('counts what is no HTTP', async (t) => {
    const { app } = await openApp(t, {}, { start: false })
    await app.listen(loopback)
    const { port } = app.server.address() as AddressInfo
    for (const bytes of ['\x16\x03\x01 this is TLS\r\n\r\n', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`]) {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      socket.end(bytes)
      await once(socket.resume(), 'close')
    }
    const families = await scrape(app)
    assert.equal(valueOf(families, 'ghostserve_rejections_total', { code: 'invalid_request' }), 1)
    assert.equal(valueOf(families, 'ghostserve_rejections_total', { code: 'headers_too_large' }), 1)
  })

  test('shows images that wait, and counts a client that hangs up', async (t) => {
    const { app } = await openApp(t, {}, { start: false })
    await app.listen(loopback)
    const { port } = app.server.address() as AddressInfo
    const { headers, payload } = formOf(coffee, chelsea)
    const impatient = httpRequest({ port, host: '127.0.0.1', path: '/classify', method: 'POST', headers })
    impatient.on('error', () => {}) // it is destroyed below
    impatient.end(payload)
    await scrapeUntil(app, (families) => valueOf(families, 'ghostserve_queue_depth') === 2)
    const waiting = await scrape(app)
    assert.equal(valueOf(waiting, 'ghostserve_images_in_work'), 2)
    assert.equal(valueOf(waiting, 'ghostserve_decodes_running'), 0)
    assert.equal(valueOf(waiting, 'ghostserve_workers_alive'), 0)
    impatient.destroy()
    await scrapeUntil(app, (families) => valueOf(families, 'ghostserve_rejections_total', { code: 'client_gone' }) === 1)
    assert.equal(valueOf(await scrape(app), 'ghostserve_queue_depth'), 0)
  })

  test('says how long each phase of the start took, from the start of the process', async (t) => {
    const { app, classifier } = await openApp(t, {}, { start: false })
    await app.listen(loopback)
    await classifier.start()
    const families = await scrape(app)
    const phases = ['load', 'listen', 'session', 'ready'].map((phase) => valueOf(families, 'ghostserve_startup_seconds', { phase }))
    assert.ok(phases[0]! > 0)
    assert.deepEqual(phases, [...phases].sort((a, b) => a - b))
    assert.ok(phases[3]! <= performance.now() / 1000)
  })

  test('says what is served and how the process is', async (t) => {
    const { app, classifier: { model, events } } = await openApp(t)
    events.emit('workerDeath', new Error('simulated'))
    const families = await scrape(app)
    const labels = { name: 'ghostnet_050_tin200', version: model.version, layout: model.layout, execution_provider: 'cpu' }
    assert.equal(valueOf(families, 'ghostserve_model_info', labels), 1)
    assert.equal(valueOf(families, 'ghostserve_worker_deaths_total'), 1)
    const rss = valueOf(families, 'process_resident_memory_bytes')
    assert.ok(rss > 1e7 && rss < 1e11, `${rss} bytes`)
    assert.ok(valueOf(families, 'ghostserve_heap_used_bytes') < rss)
    assert.ok(Math.abs(valueOf(families, 'process_start_time_seconds') - performance.timeOrigin / 1000) < 1)
    const cpuSeconds = valueOf(families, 'process_cpu_seconds_total')
    assert.ok(cpuSeconds > 0.05 && cpuSeconds <= process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6, `${cpuSeconds} s`)
  })

  test('shows by how much the main thread was late, since the last scrape', async (t) => {
    const { app } = await openApp(t, {}, { start: false })
    const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50)) // the monitor measures between timers of 20 ms
    await scrape(app)
    await tick()
    const blockedUntil = performance.now() + 300
    while (performance.now() < blockedUntil);
    await tick()
    const max = valueOf(await scrape(app), 'ghostserve_event_loop_delay_seconds', { statistic: 'max' })
    assert.ok(max > 0.2, `${max} s`)
    await tick()
    const next = valueOf(await scrape(app), 'ghostserve_event_loop_delay_seconds', { statistic: 'max' })
    assert.ok(next < max, `${next} s after ${max} s`)
  })
})

test('docs/reference/metrics.md has every metric with its type, labels and meaning', async (t) => {
  const { app } = await openAppWithKey(t)
  await app.inject({ url: '/model', headers: { 'x-api-key': key } })
  const rows = (await scrape(app)).map(({ name, type, help, samples }) => {
    const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)).filter((label) => label !== 'le'))
    return `| \`${name}\` | ${type} | ${[...labels].map((label) => `\`${label}\``).join(', ')} | ${help} |`
  })
  const documented = readFileSync(join(packageRoot, 'docs/reference/metrics.md'), 'utf8').split('\n').filter((line) => line.startsWith('| `'))
  assert.deepEqual(documented, rows)
})

suite('METRICS_PORT', () => {
  test('moves /metrics to a port of its own, which closes with the service', async (t) => {
    const free = createServer().listen(loopback)
    await once(free, 'listening')
    const { port } = free.address() as AddressInfo
    free.close()
    await once(free, 'close')
    const { app } = await openApp(t, { HOST: '127.0.0.1', METRICS_PORT: String(port) }, { start: false })
    assert.equal((await app.inject('/metrics')).statusCode, 404)
    const url = `http://127.0.0.1:${port}/metrics`
    const families = parseExposition(await (await fetch(url)).text())
    assert.equal(valueOf(families, 'ghostserve_rejections_total', { code: 'not_found' }), 1)
    await app.close()
    await assert.rejects(fetch(url))
  })

  test('that is taken ends the start', async (t) => {
    const other = createServer().listen(loopback)
    await once(other, 'listening')
    t.after(() => other.close())
    const { port } = other.address() as AddressInfo
    const { app } = await openApp(t, { HOST: '127.0.0.1', METRICS_PORT: String(port) }, { start: false })
    await assert.rejects(app.listen(loopback), { code: 'EADDRINUSE' })
  })
})
