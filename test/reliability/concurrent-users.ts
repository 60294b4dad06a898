/**
 * `npm run check:users`: 16 users in a closed loop against the service, for 60 s (SECONDS_OF_LOAD).
 * Holds if no request failed, batches of more than one image formed by themselves, and the p99.9 of /livez, probed every 100 ms
 * from a process of its own, stays under 50 ms (LIVEZ_BOUND_MS).
 */
import { fork, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { constants, setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { packageRoot } from '../../models/package-root.ts'
import { formOf } from '../api/open-app.ts'
import { readFixture } from '../fixtures/index.ts'

const users = 16
const probeIntervalMs = 100
const livezBoundMs = Number(process.env['LIVEZ_BOUND_MS'] ?? 50)
const seconds = Number(process.env['SECONDS_OF_LOAD'] ?? 60)

interface LoadReport { requests: number, failures: string[], latenciesMs: number[] }
interface ProbeReport { probesMs: number[] }

const [, , role, url = ''] = process.argv
if (role === 'users') process.send!(await runUsers(url))
else if (role === 'probe') process.send!(await runProbe(url))
else process.exitCode = await supervise() ? 0 : 1

async function supervise (): Promise<boolean> {
  const server = spawn(process.execPath, [join(packageRoot, 'api/bootstrap.cjs'), 'serve'], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const batchSizes = new Map<number, number>()
  const log = new EventEmitter()
  const listening = once(log, 'listening') as Promise<[string]>
  const ready = once(log, 'ready')
  createInterface({ input: server.stdout }).on('line', (line) => {
    const { msg, batchSize } = JSON.parse(line) as { msg: string, batchSize?: number }
    if (msg.startsWith('Server listening at ')) log.emit('listening', msg.replace('Server listening at ', ''))
    if (msg === 'ready') log.emit('ready')
    if (batchSize !== undefined) batchSizes.set(batchSize, (batchSizes.get(batchSize) ?? 0) + 1)
  })
  const [address] = await listening
  await ready
  const [load, probe] = await Promise.all([report<LoadReport>('users', address), report<ProbeReport>('probe', address)])
  server.kill('SIGTERM')
  const [exitCode] = await once(server, 'exit') as [number | null]

  const largestBatch = Math.max(...batchSizes.keys())
  const livez = quantile(probe.probesMs, 0.999)
  print('requests', `${load.requests} in ${seconds} s, ${(load.requests / seconds).toFixed(0)}/s, ${load.failures.length} failed`)
  print('latency', `p50 ${quantile(load.latenciesMs, 0.5).toFixed(0)} ms, p99 ${quantile(load.latenciesMs, 0.99).toFixed(0)} ms`)
  print('batches', [...batchSizes].sort(([a], [b]) => a - b).map(([size, count]) => `${count} requests in one of ${size}`).join(', '))
  print('/livez', `p50 ${quantile(probe.probesMs, 0.5).toFixed(1)} ms, p99.9 ${livez.toFixed(1)} ms of ${probe.probesMs.length} probes`)
  for (const failure of load.failures.slice(0, 5)) print('failure', failure)

  const checks = {
    'no failed request': load.failures.length === 0 && load.requests > 0,
    'batches form by themselves': largestBatch > 1,
    [`/livez under ${livezBoundMs} ms`]: livez < livezBoundMs,
    'the service ends with 0': exitCode === 0,
  }
  for (const [what, holds] of Object.entries(checks)) if (!holds) print('FAILED', what)
  return Object.values(checks).every(Boolean)
}

async function report<Report> (role: string, address: string): Promise<Report> {
  const child = fork(fileURLToPath(import.meta.url), [role, address])
  const [message] = await once(child, 'message') as [Report]
  return message
}

/** Each user sends a photo, waits for the answer, and sends the next. */
async function runUsers (address: string): Promise<LoadReport> {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL) // real users bring processors of their own
  const agent = new Agent({ keepAlive: true, maxSockets: users })
  const photos = (await makePhotos()).map((photo) => formOf(photo))
  const result: LoadReport = { requests: 0, failures: [], latenciesMs: [] }
  const end = performance.now() + seconds * 1000
  await Promise.all(Array.from({ length: users }, async (_, user) => {
    for (let i = user; performance.now() < end; i++) {
      const startedAt = performance.now()
      const { headers, payload } = photos[i % photos.length]!
      const outcome = await send(`${address}/classify`, { agent, method: 'POST', headers }, payload)
      result.requests++
      if (outcome === 200) result.latenciesMs.push(performance.now() - startedAt)
      else result.failures.push(String(outcome))
    }
  }))
  agent.destroy()
  return result
}

/** JPEGs as cameras and web pages have them, of 451 x 300, 600 x 400 and 500 x 375 pixels. */
async function makePhotos (): Promise<Buffer[]> {
  const [chelsea, coffee] = [readFixture('chelsea.png'), readFixture('coffee.png')]
  const sources = [sharp(chelsea), sharp(coffee), sharp(chelsea).resize(500, 375), sharp(coffee).resize(500, 375)]
  return await Promise.all(sources.map((source) => source.jpeg({ quality: 92 }).toBuffer()))
}

async function runProbe (address: string): Promise<ProbeReport> {
  const agent = new Agent({ keepAlive: true })
  const probesMs: number[] = []
  const startedAt = performance.now()
  for (let i = 0; i < (seconds * 1000) / probeIntervalMs; i++) {
    await sleep(startedAt + i * probeIntervalMs - performance.now())
    const sentAt = performance.now()
    const outcome = await send(`${address}/livez`, { agent }, undefined)
    probesMs.push(outcome === 200 ? performance.now() - sentAt : Infinity)
  }
  agent.destroy()
  return { probesMs }
}

/** The status, or the error that came in its place. */
async function send (target: string, options: object, payload: Buffer | undefined): Promise<number | string> {
  return await new Promise((resolve) => {
    const outgoing = request(target, options, (response) => {
      response.resume().once('end', () => resolve(response.statusCode!)).once('error', (error) => resolve(error.message))
    })
    outgoing.once('error', (error) => resolve(error.message))
    outgoing.end(payload)
  })
}

function quantile (values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? NaN
}

function print (what: string, text: string): void {
  process.stdout.write(`${what.padEnd(10)} ${text}\n`)
}
