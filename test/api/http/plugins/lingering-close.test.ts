import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { exchange } from '../../../hostile/exchange.ts'
import { request } from '../../../hostile/wire.ts'
import { openApp } from '../../open-app.ts'

const bodyless: Record<string, { method: string, target: string, status: number }> = {
  'a path that is no route': { method: 'GET', target: '/nothing', status: 404 },
  'a method that a path does not have': { method: 'DELETE', target: '/livez', status: 405 },
  'a service that is not ready': { method: 'GET', target: '/readyz', status: 503 },
}
for (const [what, { method, target, status }] of Object.entries(bodyless)) {
  test(`the refusal of a request without a body keeps its connection: ${what}`, async (t) => {
    const { app } = await openApp(t, {}, { start: false })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const kept = request({ method, target, fields: ['Connection: keep-alive'] })
    const { answers } = await exchange(port, Buffer.concat([kept, kept, request({ method: 'GET', target: '/livez' })]))
    assert.deepEqual(answers.map((answer) => [answer.status, answer.headers.get('connection')]), [[status, 'keep-alive'], [status, 'keep-alive'], [200, 'close']])
  })
}
