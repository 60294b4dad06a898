import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { readFixture } from '../../../fixtures/index.ts'
import { open, parseAnswers, type Answer } from '../../../hostile/exchange.ts'
import { formType, request } from '../../../hostile/wire.ts'
import { openApp } from '../../open-app.ts'

/** The answer to a body that goes on for ever, a byte at a time. */
async function trickle (port: number, fields: readonly string[], start: string): Promise<Answer | undefined> {
  const socket = await open(port)
  let received = ''
  socket.on('data', (text: string) => { received += text })
  socket.write(request({ fields: [...fields, 'Content-Length: 100000'], body: start }))
  const timer = setInterval(() => socket.write('x'), 20)
  while (parseAnswers(received).length === 0) await once(socket, 'data')
  clearInterval(timer)
  socket.destroy()
  return parseAnswers(received)[0]
}

const bodies: Record<string, [string[], string]> = {
  'an image': [['Content-Type: image/jpeg'], '\xff\xd8'],
  'a form': [[formType], '--hostile\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'],
}
for (const [what, [fields, start]] of Object.entries(bodies)) {
  test(`${what} that has not arrived by the deadline is answered 408, also where the client set it`, { timeout: 20_000 }, async (t) => {
    const { app } = await openApp(t, { REQUEST_TIMEOUT_MS: '60000' }, { start: false })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const answer = await trickle(port, [...fields, 'x-request-timeout-ms: 200'], start)
    assert.equal(answer?.status, 408)
    assert.match(answer.body, /"code":"request_timeout".*within 200 ms/)
    assert.equal(answer.headers.get('connection'), 'close')
  })
}

test('where all has arrived but waits, the deadline is answered 504', async (t) => {
  const { app } = await openApp(t, {}, { start: false })
  const headers = { 'content-type': 'image/jpeg', 'x-request-timeout-ms': '100' }
  const { statusCode } = await app.inject({ method: 'POST', url: '/classify', headers, payload: readFixture('exif-1.jpg') })
  assert.equal(statusCode, 504)
})
