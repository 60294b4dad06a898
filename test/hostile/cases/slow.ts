/** Slow clients, against a server with a request timeout of 4 s that looks for them every 2 s. */
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { assertServes } from '../check-cases.ts'
import { open, parseAnswers, type Answer } from '../exchange.ts'
import type { HostileScenario } from '../hostile-case.ts'
import { request } from '../wire.ts'

export const slowEnvironment = { REQUEST_TIMEOUT_MS: '4000' }
export const trickleMs = 200
/** The timeout, the interval at which it is checked, and time for a busy machine. */
const cutWithinMs = 40_000

interface Connection { readonly socket: Socket, readonly ended: Promise<Answer[]> }

/** Connections that a server's backlog certainly holds. */
const connectAtOnce = 100

/** What the server says on each connection until it ends it, which must be soon. */
export async function connectMany (port: number, count: number, start: Buffer | string): Promise<Connection[]> {
  const connections: Connection[] = []
  while (connections.length < count) {
    const some = Array.from({ length: Math.min(connectAtOnce, count - connections.length) }, async () => await connectOne(port, start))
    connections.push(...await Promise.all(some))
  }
  return connections
}

async function connectOne (port: number, start: Buffer | string): Promise<Connection> {
  const socket = await open(port)
  let received = ''
  socket.on('data', (text: string) => { received += text })
  if (start.length > 0) socket.write(start)
  const ended = new Promise<Answer[]>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`open for more than ${cutWithinMs} ms`)), cutWithinMs)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve(parseAnswers(received))
    })
  })
  ended.catch(() => {}) // until it is awaited
  return { socket, ended }
}

/** Serves others while `connections` are open, and then ends each of them with 408. */
async function assertTimesOut (connections: readonly Connection[], serves: () => Promise<void>, trickle?: string): Promise<void> {
  const timer = setInterval(() => {
    if (trickle !== undefined) for (const { socket } of connections) if (socket.writable) socket.write(trickle)
  }, trickleMs)
  try {
    for (let i = 0; i < 10; i++) await serves()
    for (const { ended } of connections) {
      const answers = await ended
      assert.deepEqual(answers.map(({ status }) => status), [408])
      assert.equal((JSON.parse(answers[0]!.body) as { code: string }).code, 'request_timeout')
    }
  } finally {
    clearInterval(timer)
    for (const { socket } of connections) socket.destroy()
  }
}

const timedOut = '408 `request_timeout`, and others are served meanwhile'
const jpegType = 'Content-Type: image/jpeg'

export const slowScenarios: readonly HostileScenario[] = [
  {
    row: 20,
    input: 'fewer bytes than declared, and then silence',
    answer: timedOut,
    run: async (server) => await assertTimesOut(
      await connectMany(server.port, 1, request({ fields: [jpegType, 'Content-Length: 10000'], body: 'x' })), async () => await assertServes(server)),
  },
  {
    row: 32,
    input: '300 heads, byte by byte',
    answer: timedOut,
    run: async (server) => await assertTimesOut(
      await connectMany(server.port, 300, 'POST /classify HTTP/1.1\r\nHost: localhost\r\nX: '), async () => await assertServes(server), 'x'),
  },
  {
    row: 32,
    input: '100 bodies, byte by byte',
    answer: timedOut,
    run: async (server) => await assertTimesOut(
      await connectMany(server.port, 100, request({ fields: [jpegType, 'Content-Length: 10000'], body: '' })), async () => await assertServes(server), 'x'),
  },
  {
    row: 33,
    input: '1,000 connections that say nothing',
    answer: timedOut,
    run: async (server) => await assertTimesOut(await connectMany(server.port, 1000, ''), async () => await assertServes(server)),
  },
  {
    row: 33,
    input: '200 connections that have been served once',
    answer: 'kept for `KEEP_ALIVE_TIMEOUT_MS`, and others are served meanwhile',
    run: async (server) => {
      const connections = await connectMany(server.port, 200, request({ method: 'GET', target: '/livez', fields: ['Connection: keep-alive'] }))
      await assertServes(server)
      for (const { socket } of connections) socket.write(request({ method: 'GET', target: '/livez' }))
      for (const { ended } of connections) assert.deepEqual((await ended).map(({ status }) => status), [200, 200])
    },
  },
]
