/**
 * Bounds on connections, so that descriptors are left for the process itself and no client has all of them, and on the requests
 * that wait on one connection.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../config.ts'
import { countAvailableCores } from '../../machine/available-cores.ts'
import { descriptorLimit } from '../../machine/descriptor-limit.ts'
import { networkOf } from '../client-address.ts'

/** Descriptors for the process: it has some 21 open, and 4 per session. More than twice that: a dead session is replaced. */
const reservedDescriptors = 64
const descriptorsPerSession = 8
/** Share of all connections per network address. Behind proxies, all clients have the proxy's address. */
const clientShare = 1 / 2
const shortestPauseMs = 10_000

declare module 'fastify' {
  interface FastifyInstance {
    /** Connections that were closed without a response, by the limit that they exceeded. */
    readonly droppedConnections: Record<'limit' | 'client_share', number>
  }
}

/** Registers the limit. @param descriptors - Descriptors that the process may have open; undefined for no limit. */
export function registerConnectionLimit (app: FastifyInstance, { workers, trustProxy }: Config, descriptors = descriptorLimit()): void {
  const dropped = { limit: 0, client_share: 0 }
  app.decorate('droppedConnections', dropped)
  if (descriptors === undefined) return
  const reserve = reservedDescriptors + descriptorsPerSession * Math.max(workers, countAvailableCores())
  const maxConnections = Math.max(Math.floor(descriptors / 4), descriptors - reserve, 1)
  const maxClientConnections = trustProxy === '' ? Math.ceil(maxConnections * clientShare) : maxConnections

  let loggedAt = -Infinity
  const drop = (limit: keyof typeof dropped): void => {
    dropped[limit]++
    if (performance.now() < loggedAt + shortestPauseMs) return
    loggedAt = performance.now()
    app.log.warn({ limit, maxConnections, maxClientConnections, dropped }, 'connections are closed without a response')
  }
  app.server.maxConnections = maxConnections
  app.server.on('drop', () => drop('limit'))

  const connections = new Map<string, number>()
  app.server.prependListener('connection', (socket: Socket) => {
    const client = networkOf(socket.remoteAddress)
    const count = (connections.get(client) ?? 0) + 1
    connections.set(client, count)
    socket.once('close', () => {
      const left = connections.get(client)! - 1
      if (left === 0) connections.delete(client)
      else connections.set(client, left)
    })
    if (count <= maxClientConnections) return
    drop('client_share')
    socket.destroy()
  })
}

const maxPipelinedRequests = 100

export function registerPipeliningLimit (app: FastifyInstance): void {
  const pending = new WeakMap<Socket, Set<ServerResponse>>()

  app.server.on('connection', (socket) => {
    const responses = new Set<ServerResponse>()
    pending.set(socket, responses)
    socket.once('close', () => {
      for (const response of responses) if (response.socket === null) emitClose(response)
    })
  })
  app.server.on('request', ({ socket }, response) => {
    const responses = pending.get(socket)!
    responses.add(response)
    response.once('finish', () => responses.delete(response))
  })
  app.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    // An injected request has no connection.
    if ((pending.get(socket)?.size ?? 0) < maxPipelinedRequests) return done()
    reply.hijack()
    socket.destroy()
  })
}

/** Emits `close` on a response. Node does so only on the current one; those that wait behind it would keep their memory. */
function emitClose (response: ServerResponse): void {
  response.destroy()
  response.emit('close')
}
