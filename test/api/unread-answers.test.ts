import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import test from 'node:test'
import { request } from '../hostile/wire.ts'
import { openApp } from './open-app.ts'

/** Under the limit of requests that may wait on a connection; their responses are more than the system's buffers hold. */
const requests = Array<Buffer>(20).fill(request({ method: 'GET', target: '/megabyte', fields: ['Connection: keep-alive'] }))

test('a connection ends whose client reads none of its responses, though every request has come in time', { timeout: 60_000 }, async (t) => {
  const { app } = await openApp(t, { REQUEST_TIMEOUT_MS: '1000' }, { start: false })
  app.get('/megabyte', async () => 'm'.repeat(2 ** 20))
  let answered = 0
  const allAnswered = new Promise<void>((resolve) => app.addHook('onSend', async () => { if (++answered === requests.length) resolve() }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1').pause()
  t.after(() => client.destroy())
  client.write(Buffer.concat(requests))
  const [socket] = await once(app.server, 'connection') as [Socket]
  const closed = once(socket, 'close')
  await allAnswered
  const startedAt = performance.now()
  await closed
  assert.ok(socket.bytesWritten < requests.length * 2 ** 20, 'answers were left over')
  t.diagnostic(`ended after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
})
