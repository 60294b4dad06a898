/**
 * Bounds the connections, so that descriptors are left for what the process itself opens, and so that no client has all of them; and the
 * requests that wait on one connection.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../config.ts'
import { countAvailableCores } from '../../machine/available-cores.ts'
import { descriptorLimit } from '../../machine/descriptor-limit.ts'
import { networkOf } from '../client-address.ts'

/** The process has some 21 open without a connection, and 4 for each session. Twice that and more: a session that died is replaced. */
const reservedDescriptors = 64
const descriptorsPerSession = 8
/** Of all connections, for one network address. Behind proxies, all clients have the proxy's. */
const clientShare = 1 / 2
const shortestPauseMs = 10_000

declare module 'fastify' {
  interface FastifyInstance {
    /** Connections that were closed unanswered, by the limit that they were over. */
    readonly droppedConnections: Record<'limit' | 'client_share', number>
  }
}

/** @param descriptors - What the process may have open; undefined for no limit. */
export function registerConnectionLimit (app: FastifyInstance, { workers, trustProxy }: Config, descriptors = descriptorLimit()): void {
  const dropped = { limit: 0, client_share: 0 }
  app.decorate('droppedConnections', dropped)
  if (descriptors === undefined) return
  const reserve = reservedDescriptors + descriptorsPerSession * Math.max(workers, countAvailableCores())
  const maxConnections = Math.max(Math.floor(descriptors / 4), descriptors - reserve, 1)
  const maxClientConnections = trustProxy === '' ? Math.ceil(maxConnections * clientShare) : maxConnections

  let toldAt = -Infinity
  const drop = (limit: keyof typeof dropped): void => {
    dropped[limit]++
    if (performance.now() < toldAt + shortestPauseMs) return
    toldAt = performance.now()
    app.log.warn({ limit, maxConnections, maxClientConnections, dropped }, 'connections are closed unanswered')
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
  const unanswered = new WeakMap<Socket, Set<ServerResponse>>()

  app.server.on('connection', (socket) => {
    const responses = new Set<ServerResponse>()
    unanswered.set(socket, responses)
    socket.once('close', () => {
      for (const response of responses) if (response.socket === null) emitClose(response)
    })
  })
  app.server.on('request', ({ socket }, response) => {
    const responses = unanswered.get(socket)!
    responses.add(response)
    response.once('finish', () => responses.delete(response))
  })
  app.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    // An injected request has no connection.
    if ((unanswered.get(socket)?.size ?? 0) < maxPipelinedRequests) return done()
    reply.hijack()
    socket.destroy()
  })
}

/** Node tells only the response whose turn it is that the connection has closed; what waits behind it would hold its memory for ever. */
function emitClose (response: ServerResponse): void {
  response.destroy()
  response.emit('close')
}
