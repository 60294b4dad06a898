import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { exchange, open } from '../../../hostile/exchange.ts'
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

/** Requests that are answered before their bodies have arrived. */
const answeredEarly: Record<string, { method: string, target: string, fields?: readonly string[], status: number }> = {
  'a page': { method: 'GET', target: '/livez', status: 200 },
  'the head of a page': { method: 'HEAD', target: '/livez', status: 200 },
  'no route': { method: 'POST', target: '/nothing', status: 404 },
  'a type that is none': { method: 'POST', target: '/classify', fields: ['Content-Type: text/csv'], status: 415 },
}
const endings = {
  'stays silent': (head: readonly string[]) => ({ wire: { fields: [...head, 'Content-Length: 100'], body: 'abc' }, end: false }),
  'half-closes': (head: readonly string[]) => ({ wire: { fields: [...head, 'Content-Length: 100'], body: 'abc' }, end: true }),
  'sends no chunk': (head: readonly string[]) => ({ wire: { fields: [...head, 'Transfer-Encoding: chunked'], body: '3\r\nabc\r\nno chunk\r\n' }, end: false }),
}
test('a request that is answered before its body has arrived has one response, whatever follows', { timeout: 30_000 }, async (t) => {
  const { app } = await openApp(t, { REQUEST_TIMEOUT_MS: '500' }, { start: false })
  const refusals: unknown[] = []
  app.server.on('connectionRejected', (code) => { refusals.push(code) })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  await Promise.all(Object.entries(answeredEarly).flatMap(([what, { method, target, fields = [], status }]) =>
    Object.entries(endings).map(async ([how, make]) => {
      const { wire, end } = make(['Connection: keep-alive', ...fields])
      const socket = await open(port)
      let received = ''
      socket.on('data', (text: string) => { received += text })
      // The response is out before anything is wrong.
      const bytes = request({ method, target, ...wire })
      const rest = bytes.indexOf('no chunk')
      socket.write(rest === -1 ? bytes : bytes.subarray(0, rest))
      await once(socket, 'data')
      if (rest !== -1) socket.write(bytes.subarray(rest))
      if (end) socket.end()
      if (!socket.closed) await once(socket, 'close')
      assert.deepEqual(received.match(/HTTP\/1.1 \d+/g), [`HTTP/1.1 ${status}`], `${what}, the client ${how}`)
    })))
  assert.deepEqual(refusals, [])
})

const expectations: Record<string, { version: string, expect: string, received: RegExp }> = {
  'to be told to go on': { version: '1.1', expect: '100-continue', received: /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 415 / },
  'it in other letters': { version: '1.1', expect: '100-Continue', received: /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 415 / },
  'it by an old protocol': { version: '1.0', expect: '100-continue', received: /^HTTP\/1.1 415 / },
  'an unknown expectation': { version: '1.1', expect: 'more', received: /^HTTP\/1.1 415 / },
}
for (const [what, { version, expect, received }] of Object.entries(expectations)) {
  test(`a client that expects ${what} reads one response, which is reported`, async (t) => {
    const { app } = await openApp(t, {}, { start: false })
    const statuses: number[] = []
    app.onRequestEnd(({ status }) => { statuses.push(status) })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const socket = await open(port)
    let text = ''
    socket.on('data', (piece: string) => { text += piece })
    socket.write(`POST /classify HTTP/${version}\r\nHost: x\r\nConnection: close\r\nExpect: ${expect}\r\nContent-Type: text/csv\r\nContent-Length: 1\r\n\r\na`)
    await once(socket, 'close')
    assert.match(text, received)
    assert.deepEqual(statuses, [415])
  })
}
