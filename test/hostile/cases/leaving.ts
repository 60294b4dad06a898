/** Many requests on one connection, and clients that leave at every stage, against a server that takes few images at a time. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { readFixture } from '../../fixtures/index.ts'
import { assertServes } from '../check-cases.ts'
import { exchange, open, parseAnswers } from '../exchange.ts'
import type { HostileScenario } from '../hostile-case.ts'
import type { ServerProcess } from '../../server-process.ts'
import { boundary, filePart, form, formBody, formType, request, upload } from '../wire.ts'

export const leavingEnvironment = { MAX_QUEUE_SIZE: '100', MAX_CLIENT_IMAGES: '0', WORKERS: '1' }
const photo = readFixture('exif-1.jpg')
const keepAlive = 'Connection: keep-alive'
const jpegType = 'Content-Type: image/jpeg'
/** Several to a request: they are not all done by the time that the client has gone. */
const photos = Array(16).fill(filePart(photo)) as Array<ReturnType<typeof filePart>>

const timesEach = 100
const atOnce = 5

/** Connects, `leaves`, and comes back so many `times`; afterwards every place in the queue is free again. */
async function leave (server: ServerProcess, leaves: (socket: Socket) => Promise<void>, times = timesEach): Promise<void> {
  for (let i = 0; i < times; i += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, async () => {
      const socket = await open(server.port)
      await leaves(socket)
      socket.resetAndDestroy()
    }))
  }
  await assertFree(server)
}

/** Takes all places at once; images of clients that disconnected may still run for a moment. */
async function assertFree (server: ServerProcess): Promise<void> {
  const all = Buffer.concat(Array.from({ length: 6 }, (_, i) =>
    request({ fields: [formType, i === 5 ? 'Connection: close' : keepAlive], body: formBody(photos) })))
  for (let attempt = 0; ; attempt++) {
    const { answers } = await exchange(server.port, all, { patienceMs: 30_000 })
    if (answers.every(({ status }) => status === 200) && answers.length === 6) return
    assert.ok(attempt < 20, `${answers.map(({ status }) => status).join()}: places in the queue are not given back`)
  }
}

async function write (socket: Socket, bytes: Buffer | string): Promise<void> {
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()))
}

const flat = `forgotten, ${timesEach} times: every place in the queue is free again`

export const leavingScenarios: readonly HostileScenario[] = [
  {
    row: 34,
    input: '100 requests at once on one connection',
    answer: '100 answers in order',
    run: async (server) => {
      const requests = Array.from({ length: 100 }, (_, i) =>
        request({ target: `/classify?topK=${i + 1}`, fields: [jpegType, i === 99 ? 'Connection: close' : keepAlive], body: photo }))
      const { answers } = await exchange(server.port, Buffer.concat(requests), { patienceMs: 30_000 })
      const counts = answers.map(({ body }) =>
        (JSON.parse(body) as { results: Array<{ predictions: unknown[] }> }).results[0]?.predictions.length)
      assert.deepEqual(counts, Array.from({ length: 100 }, (_, i) => i + 1))
    },
  },
  {
    row: 34,
    input: '100 requests at once, and nobody to read the answers',
    answer: 'every place in the queue is free again',
    run: async (server) => {
      const socket = await open(server.port)
      await write(socket, Buffer.concat(Array<Buffer>(100).fill(request({ fields: [jpegType, keepAlive], body: photo }))))
      socket.resetAndDestroy()
      await assertFree(server)
    },
  },
  {
    row: 34,
    input: 'garbage behind a good request',
    answer: 'the connection ends; at most one answer, never two',
    run: async (server) => {
      const { answers, isClosed } = await exchange(server.port, Buffer.concat([request({ fields: [jpegType, keepAlive], body: photo }), Buffer.from('\0garbage\r\n\r\n')]))
      assert.ok(isClosed)
      assert.equal(answers.length, 1)
    },
  },
  { row: 35, input: 'in the middle of the head', answer: flat, run: async (server) => await leave(server, async (socket) => await write(socket, 'POST /classify HTTP/1.1\r\nHo')) },
  {
    row: 35,
    input: 'in the middle of a raw body',
    answer: flat,
    run: async (server) => await leave(server, async (socket) => await write(socket, upload(photo).subarray(0, -1000))),
  },
  {
    row: 35,
    input: 'in the middle of a form',
    answer: flat,
    run: async (server) => await leave(server, async (socket) => await write(socket, form(photos).subarray(0, -1000))),
  },
  {
    row: 35,
    input: 'with the images in the queue',
    answer: 'logged as `client_gone`, and every place in the queue is free again',
    run: async (server) => {
      const before = server.lines.length
      for (let i = 0; i < 10; i++) {
        const others = exchange(server.port, request({ fields: [formType], body: formBody(photos) }), { patienceMs: 30_000 })
        const socket = await open(server.port)
        await write(socket, form(photos))
        await exchange(server.port, request({ method: 'GET', target: '/livez' }))
        socket.resetAndDestroy()
        await others
      }
      await assertFree(server)
      const gone = server.lines.slice(before).filter(({ code }) => code === 'client_gone')
      assert.equal(gone.length, 10)
    },
  },
  {
    row: 35,
    input: 'with the images running',
    answer: 'forgotten, 20 times: every place in the queue is free again',
    run: async (server) => await leave(server, async (socket) => {
      await write(socket, form(photos))
      await assertServes(server) // came later than they did, so they have been at it
    }, 20),
  },
  {
    row: 35,
    input: 'before the answer is read',
    answer: flat,
    run: async (server) => await leave(server, async (socket) => {
      await write(socket, upload(photo))
      await once(socket, 'readable')
    }),
  },
  {
    row: 35,
    input: 'by half: nothing more will come, but the answer is awaited',
    answer: 'closed without an answer: it looks like a client that has left',
    run: async (server) => {
      const { answers, isClosed } = await exchange(server.port, upload(photo), { end: true })
      assert.ok(isClosed)
      assert.deepEqual(answers, [])
    },
  },
  {
    row: 20,
    input: 'fewer bytes than declared, and then the end',
    answer: '400 `invalid_request`',
    run: async (server) => {
      const { answers } = await exchange(server.port, request({ fields: [jpegType, 'Content-Length: 10000'], body: photo.subarray(0, 99) }), { end: true })
      assert.deepEqual(answers.map(({ status }) => status), [400])
    },
  },
  {
    row: 20,
    input: '50 MB, sent to the end before anything is read',
    answer: '413 `image_too_large` or `request_too_large`, and it can be read',
    run: async (server) => {
      for (const [type, code] of [[jpegType, 'image_too_large'], [`Content-Type: multipart/form-data; boundary=${boundary}`, 'request_too_large']] as const) {
        const socket = await open(server.port)
        socket.pause()
        let received = ''
        socket.on('data', (text: string) => { received += text }).pause()
        await write(socket, request({ fields: [type], body: Buffer.alloc(50_000_000) }))
        socket.resume()
        await new Promise((resolve) => socket.once('close', resolve))
        const [answer] = parseAnswers(received)
        assert.equal(answer?.status, 413)
        assert.equal((JSON.parse(answer.body) as { code: string }).code, code)
      }
    },
  },
  {
    row: 20,
    input: 'bytes without end',
    answer: '413 `image_too_large`, and the connection ends within seconds',
    run: async (server) => {
      const socket = await open(server.port)
      let received = ''
      socket.on('data', (text: string) => { received += text })
      const closed = new Promise((resolve) => socket.once('close', resolve))
      const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000), Buffer.from('\r\n')])
      socket.write(request({ fields: [jpegType, 'Transfer-Encoding: chunked'], body: '' }))
      while (!socket.destroyed) await Promise.race([write(socket, chunk), closed])
      assert.deepEqual(parseAnswers(received).map(({ status }) => status), [413])
    },
  },
  {
    row: 21,
    input: 'a length within the limit',
    answer: '100, then 200',
    run: async (server) => {
      const socket = await open(server.port)
      let received = ''
      socket.on('data', (text: string) => { received += text })
      const head = request({ fields: [jpegType, 'Expect: 100-continue', `Content-Length: ${photo.length}`] })
      socket.write(head)
      while (!received.startsWith('HTTP/1.1 100')) await once(socket, 'data')
      socket.write(photo)
      await new Promise((resolve) => socket.once('close', resolve))
      assert.deepEqual(parseAnswers(received).map(({ status }) => status), [100, 200])
    },
  },
  {
    row: 36,
    input: 'one photo 200 times, and 200 photos that differ in a byte',
    answer: '200; nothing is cached, so memory stays flat',
    run: async (server) => {
      for (let i = 0; i < 200; i++) {
        for (const image of [photo, Buffer.concat([photo, Buffer.from([i, i >> 8])])]) {
          const { answers } = await exchange(server.port, upload(image))
          assert.equal(answers[0]?.status, 200)
        }
      }
    },
  },
]
