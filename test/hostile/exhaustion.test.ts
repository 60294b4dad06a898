/** Scarce resources of a process, used up by its clients or its surroundings: descriptors, the log's disk and reader, the main thread. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { get, type IncomingMessage } from 'node:http'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../loadtest/free-port.ts'
import { packageRoot } from '../../models/package-root.ts'
import { ServerProcess } from '../server-process.ts'
import { request } from './wire.ts'

const livez = request({ method: 'GET', target: '/livez', fields: ['Connection: keep-alive'] })

/** The status of /livez for a client of another address; undefined if it is not answered. */
async function askFromElsewhere (port: number): Promise<number | undefined> {
  const asking = get({ port, host: '127.0.0.1', localAddress: '127.0.0.2', path: '/livez', timeout: 5000, agent: false })
  asking.on('timeout', () => asking.destroy()).on('error', () => {})
  const response = await Promise.race([once(asking, 'response').then(([message]) => message as IncomingMessage), once(asking, 'close')]).catch(() => undefined)
  if (response === undefined || Array.isArray(response)) return undefined
  response.resume()
  return response.statusCode
}

function hold (t: TestContext, port: number, count: number, localAddress: string, greeting: Buffer | undefined): void {
  let isOn = true
  const sockets = new Set<Socket>()
  const open = (): void => {
    if (!isOn) return
    const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {}).resume()
    sockets.add(socket)
    if (greeting !== undefined) socket.write(greeting)
    socket.once('close', () => {
      sockets.delete(socket)
      setTimeout(open, 50) // it tries again, and does not give way
    })
  }
  for (let i = 0; i < count; i++) open()
  t.after(() => {
    isOn = false
    for (const socket of sockets) socket.destroy()
  })
}

interface DescriptorCase {
  readonly limit: number
  readonly environment?: Record<string, string>
  readonly greeting?: Buffer
  readonly from?: readonly string[]
}

const descriptorCases: Record<string, DescriptorCase> = {
  'silent connections': { limit: 256 },
  'idle connections that were served': { limit: 256, greeting: livez },
  'connections in the middle of a body': { limit: 256, greeting: request({ fields: ['Content-Type: image/jpeg', 'Content-Length: 100000'], body: 'x' }) },
  'connections behind a proxy that is trusted': { limit: 256, greeting: livez, environment: { TRUST_PROXY: '127.0.0.2' } },
  'few descriptors': { limit: 100, greeting: livez },
  'many descriptors': { limit: 1024, greeting: livez },
  'two addresses': { limit: 256, greeting: livez, from: ['127.0.0.1', '127.0.0.3'] },
}
for (const [what, { limit, environment = {}, greeting, from = ['127.0.0.1'] }] of Object.entries(descriptorCases)) {
  test(`1000 connections where ${limit} descriptors are allowed end nothing: ${what}`, { timeout: 60_000 }, async (t) => {
    const server = await ServerProcess.start(environment, { launcher: ['bash', '-c', `ulimit -n ${limit}; exec "$@"`, 'bash'] })
    t.after(() => server.stop())
    hold(t, server.port, 1000, from[0]!, greeting)
    if (from[1] !== undefined) hold(t, server.port, 1000, from[1], greeting)
    const statuses: Array<number | undefined> = []
    for (let i = 0; i < 30; i++) {
      statuses.push(await askFromElsewhere(server.port))
      await sleep(100)
    }
    assert.ok(server.isAlive, server.stderr)
    assert.deepEqual(server.lines.filter(({ level }) => level >= 50), [])
    assert.ok(server.descriptors()! < limit, `${server.descriptors()} descriptors`)
    assert.ok(server.lines.some(({ msg }) => msg === 'connections are closed without a response'))
    const isShared = from.length === 1 && environment['TRUST_PROXY'] === undefined
    if (isShared) assert.deepEqual(statuses, Array(30).fill(200), 'another address is not shut out')
  })
}

test('a clients\' share of connections is given back, and what is over it is counted', { timeout: 30_000 }, async (t) => {
  const server = await ServerProcess.start({}, { launcher: ['bash', '-c', 'ulimit -n 256; exec "$@"', 'bash'] })
  t.after(() => server.stop())
  for (let round = 0; round < 5; round++) {
    const sockets = Array.from({ length: 60 }, () => connect(server.port, '127.0.0.1').on('error', () => {}))
    await Promise.all(sockets.map(async (socket) => { await once(socket, 'connect') }))
    for (const socket of sockets) socket.destroy()
    await sleep(100)
  }
  assert.equal((await fetch(`${server.url}/livez`)).status, 200)
  assert.equal(await server.metric('ghostserve_connections_dropped_total'), 0)
})

for (const path of ['/docs', '/openapi.json', '/', '/metrics']) {
  test(`1000 pipelined requests for ${path} leave /livez answering`, { timeout: 60_000 }, async (t) => {
    const server = await ServerProcess.start()
    t.after(() => server.stop())
    const page = request({ method: 'GET', target: path, fields: ['Connection: keep-alive'] })
    const sockets = Array.from({ length: 10 }, () => connect(server.port, '127.0.0.1').on('error', () => {}))
    t.after(() => sockets.forEach((socket) => socket.destroy()))
    for (const socket of sockets) socket.write(Buffer.concat(Array<Buffer>(100).fill(page))) // nobody reads the responses
    const before = server.processorMs()
    let slowestMs = 0
    for (let i = 0; i < 10; i++) {
      const startedAt = performance.now()
      assert.equal(await askFromElsewhere(server.port), 200)
      slowestMs = Math.max(slowestMs, performance.now() - startedAt)
    }
    const spentMs = server.processorMs() - before
    t.diagnostic(`slowest /livez ${Math.round(slowestMs)} ms, ${Math.round(spentMs)} ms of a processor`)
    assert.ok(Math.min(slowestMs, spentMs) < 2000, `${Math.round(slowestMs)} ms, ${Math.round(spentMs)} of them on a processor`)
  })
}

const outputs: Record<string, { redirect: string, dropsLines: boolean }> = {
  'a full disk': { redirect: '> /dev/full', dropsLines: true },
  'a reader that has gone': { redirect: '| head -c 100 > /dev/null', dropsLines: true },
  'a reader that reads nothing': { redirect: '| sleep 30', dropsLines: true },
  'a closed descriptor': { redirect: '>&-', dropsLines: false },
}
for (const [what, { redirect, dropsLines }] of Object.entries(outputs)) {
  test(`a log that cannot be written ends nothing: ${what}`, { timeout: 60_000 }, async (t) => {
    const port = await freePort()
    // In a process group of its own, so that the reader ends with it.
    const shell = spawn('bash', ['-c', `'${process.execPath}' dist/bundle/server.js ${redirect}`], {
      cwd: packageRoot, detached: true, stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env['PATH'] ?? '', HOST: '127.0.0.1', PORT: String(port) },
    })
    let stderr = ''
    shell.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
    t.after(() => process.kill(-shell.pid!, 'SIGKILL'))
    while (await askFromElsewhere(port) !== 200) await sleep(50)
    const longPath = `/${'x'.repeat(190)}`
    const many = Buffer.concat(Array<Buffer>(99).fill(request({ method: 'GET', target: longPath, fields: ['Connection: keep-alive'] })))
    const rounds = what === 'a reader that reads nothing' ? 600 : 20
    for (let i = 0; i < rounds; i++) {
      const socket = connect(port, '127.0.0.1').on('error', () => {}).resume()
      socket.write(Buffer.concat([many, request({ method: 'GET', target: longPath })]))
      await once(socket, 'close')
    }
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const dropped = Number(/^ghostserve_log_lines_dropped_total (\d+)$/m.exec(metrics)![1])
    const resident = Number(/^process_resident_memory_bytes (\d+)$/m.exec(metrics)![1]) / 2 ** 20
    t.diagnostic(`${dropped} lines dropped, ${Math.round(resident)} MiB resident`)
    assert.equal(dropped > 0, dropsLines, `${dropped} lines were dropped`)
    assert.ok(resident < 500, `${Math.round(resident)} MiB`)
    assert.equal(stderr, '')
  })
}
