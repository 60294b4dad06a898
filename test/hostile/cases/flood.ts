/** Clients that send faster than the service can respond. Run one after another: each occupies the main thread for a second or two. */
import assert from 'node:assert/strict'
import type { HostileScenario } from '../hostile-case.ts'
import { request } from '../wire.ts'
import { connectMany, trickleMs } from './slow.ts'

export const floodScenarios: readonly HostileScenario[] = [
  {
    row: 32,
    input: '20 clients that ask for more and more, and read nothing',
    answer: 'the connection ends: no more than 100 answers are kept, and none for much longer than a request may take',
    run: async (server) => {
      const connections = await connectMany(server.port, 20, '')
      for (const { socket } of connections) socket.pause()
      const requests = Buffer.concat(Array<Buffer>(50).fill(request({ method: 'GET', target: '/model', fields: ['Connection: keep-alive'] })))
      const timer = setInterval(() => {
        for (const { socket } of connections) if (socket.writable) socket.write(requests)
      }, trickleMs)
      try {
        for (const { ended } of connections) await ended
      } finally {
        clearInterval(timer)
      }
    },
  },
  {
    row: 34,
    input: '20 connections that ask for 1,000 answers at once',
    answer: 'the connection ends: at most 100 requests may wait for their answers',
    run: async (server) => {
      const requests = Buffer.concat(Array<Buffer>(1000).fill(request({ method: 'GET', target: '/model', fields: ['Connection: keep-alive'] })))
      for (const { ended } of await connectMany(server.port, 20, requests)) assert.ok((await ended).length <= 100)
    },
  },
]
