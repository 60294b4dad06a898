import assert from 'node:assert/strict'
import { connect, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import test from 'node:test'
import { openApp } from '../../open-app.ts'

test('every response forbids sniffing and keeping, and none says what made it', async (t) => {
  const { app } = await openApp(t, {}, { start: false })
  for (const [method, url, status] of [
    ['GET', '/', 200], ['GET', '/livez', 200], ['GET', '/readyz', 503], ['GET', '/model', 200], ['GET', '/openapi.json', 200], ['GET', '/docs', 200],
    ['POST', '/classify', 400], ['GET', '/classify', 405], ['GET', '/nothing', 404], ['GET', '/%zz', 400],
  ] as const) {
    const { statusCode, headers } = await app.inject({ method, url })
    assert.equal(statusCode, status, url)
    assert.equal(headers['x-content-type-options'], 'nosniff', url)
    assert.equal(headers['cache-control'], 'no-store', url)
    assert.equal(headers['server'], undefined, url)
    assert.equal(headers['x-powered-by'], undefined, url)
  }
})

test('so do answers to what is no HTTP', async (t) => {
  const { app } = await openApp(t, {}, { start: false })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.end('nonsense\r\n\r\n')
  const answer = await text(socket)
  assert.match(answer, /^HTTP\/1\.1 400 /)
  assert.match(answer, /\r\nx-content-type-options: nosniff\r\ncache-control: no-store\r\n/)
})
