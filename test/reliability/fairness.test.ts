/** One client that asks for far more than its share takes no other client's responses. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { readFixture } from '../fixtures/index.ts'
import { formOf, openApp } from '../api/open-app.ts'

const form = formOf(readFixture('chelsea.png'))
const greedyRequests = 38
const politeRequests = 10 // one at a time, beside 38: 1 in 39 of what is asked at any time

/** Sends each request in its own turn of the event loop, as sockets do: rejections alone would never yield. */
async function statusFor (app: FastifyInstance, remoteAddress: string): Promise<number> {
  await setImmediate()
  return (await app.inject({ method: 'POST', url: '/classify?topK=1', ...form, remoteAddress })).statusCode
}

/** Counts of the statuses that each of two clients got: one keeps many requests in flight, the other one. */
async function compete (app: FastifyInstance): Promise<{ greedy: Record<number, number>, polite: Record<number, number> }> {
  const greedy: Record<number, number> = {}
  const polite: Record<number, number> = {}
  const count = (counts: Record<number, number>, status: number): void => { counts[status] = (counts[status] ?? 0) + 1 }
  const over = new AbortController()
  const greedyLoops = Array.from({ length: greedyRequests }, async () => {
    while (!over.signal.aborted) count(greedy, await statusFor(app, '192.0.2.1'))
  })
  for (let i = 0; i < politeRequests; i++) count(polite, await statusFor(app, '192.0.2.2'))
  over.abort()
  await Promise.all(greedyLoops)
  return { greedy, polite }
}

const queue = { MAX_QUEUE_SIZE: '8', MAX_BATCH_SIZE: '2', MAX_IMAGES: '1' }

test('a client with 97 % of the requests is held to its share, and every request of another is answered', async (t) => {
  const { app } = await openApp(t, { ...queue, MAX_CLIENT_IMAGES: '4' })
  const { greedy, polite } = await compete(app)
  t.diagnostic(`polite client: ${JSON.stringify(polite)}, greedy client: ${JSON.stringify(greedy)}`)
  assert.deepEqual(polite, { 200: politeRequests })
  assert.ok(greedy[429]! > 0 && greedy[200]! > 0)
  assert.equal(greedy[503], undefined)
})

test('without the limit the greedy client fills the queue, and the other is rejected', async (t) => {
  const { app } = await openApp(t, { ...queue, MAX_CLIENT_IMAGES: '0' })
  const { polite } = await compete(app)
  assert.ok(polite[503]! > 0, JSON.stringify(polite))
})

test('a rejection for the share says when to try again', async (t) => {
  const { app, classifier } = await openApp(t, { MAX_CLIENT_IMAGES: '1' }, { start: false })
  const first = statusFor(app, '192.0.2.1')
  while (classifier.admission.inFlight === 0) await setImmediate()
  const refused = await app.inject({ method: 'POST', url: '/classify', ...form, remoteAddress: '192.0.2.1' })
  assert.equal(refused.statusCode, 429)
  assert.equal(refused.json<{ code: string }>().code, 'too_many_requests')
  assert.equal(refused.headers['retry-after'], '1')
  await classifier.start()
  assert.equal(await first, 200)
})
