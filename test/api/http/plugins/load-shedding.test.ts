import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { readFixture } from '../../../fixtures/index.ts'
import { formOf, openApp } from '../../open-app.ts'

const form = formOf(readFixture('coffee.png'))

async function openUnderPressure (t: TestContext, environment: Record<string, string>): Promise<FastifyInstance> {
  const { app } = await openApp(t, environment)
  await app.ready()
  return app
}

/** The answer after the pressure has been noticed, which happens by itself. */
async function classifyUntil (app: FastifyInstance, status: number): Promise<LightMyRequestResponse> {
  for (;;) {
    const response = await app.inject({ method: 'POST', url: '/classify', ...form })
    if (response.statusCode === status) return response
    await sleep(50)
  }
}

test('short of memory, images are refused, their connections end, and the service is not ready but alive', { timeout: 20_000 }, async (t) => {
  const app = await openUnderPressure(t, { MAX_RESIDENT_BYTES: '1' })
  const refused = await classifyUntil(app, 503)
  assert.equal(refused.json<{ code: string }>().code, 'under_pressure')
  assert.equal(refused.headers['connection'], 'close')
  assert.equal(refused.headers['retry-after'], '1')
  const readiness = await app.inject('/readyz')
  assert.deepEqual([readiness.statusCode, readiness.json<{ code: string }>().code], [503, 'under_pressure'])
  assert.equal((await app.inject('/livez')).statusCode, 200)
})

test('while the main thread falls behind, images are rejected; afterwards they are not', { timeout: 20_000 }, async (t) => {
  const app = await openUnderPressure(t, { MAX_EVENT_LOOP_DELAY_MS: '20' })
  const busy = setInterval(() => { for (const end = performance.now() + 100; performance.now() < end;); }, 1)
  const refused = await classifyUntil(app, 503)
  clearInterval(busy)
  assert.match(refused.json<{ detail: string }>().detail, /short of time/)
  await classifyUntil(app, 200)
})
