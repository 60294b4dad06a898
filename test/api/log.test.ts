import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'node:test'
import { ServerProcess } from '../server-process.ts'

test('a log without a reader blocks nothing', { timeout: 30_000 }, async (t) => {
  const server = await ServerProcess.start()
  t.after(() => server.stop())
  server.pauseLog()
  const longPath = `/${'x'.repeat(190)}`
  const enough = 4000 // more than a megabyte of lines: no pipe holds that
  for (let sent = 0; sent < enough; sent += 50) {
    const socket = connect(server.port, '127.0.0.1').resume()
    socket.write(`GET ${longPath} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(49) + `GET ${longPath} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    await once(socket, 'close')
  }
  assert.equal((await fetch(`${server.url}/livez`)).status, 200)
})

test('the last lines before the end are written', async () => {
  const server = await ServerProcess.start()
  await (await fetch(`${server.url}/model`)).text()
  server.signal('SIGINT')
  assert.equal(await server.exitCode(), 0)
  assert.ok(server.lines.some(({ path }) => path === '/model'))
})
