/**
 * Lingering close: lets a client read the response to a request whose body was not read to its end. Closing a connection with
 * unread bytes resets it, and a reset discards the response at clients that read only once they have sent everything, as most do.
 */
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { FastifyInstance } from 'fastify'

/** Bodies up to this size are read to their end to keep the connection: a new one costs both sides more. */
const shortBodyBytes = 64 * 1024
/** Bounds of the rest of a body; a longer one is cut off. */
const longestRestMs = 2000
const longestRestBytes = 64 * 1024 * 1024

const ending = new WeakSet<Socket>()

/** Registers lingering close; must come before hooks that log or measure, so that they skip requests on an ending connection. */
export function registerLingeringClose (app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    if (isEnding(socket)) reply.hijack() // no response: the connection ends with the one before it
    else done()
  })
  app.addHook('onSend', ({ raw }, reply, _payload, done) => {
    const staysOpen = reply.raw.shouldKeepAlive && reply.getHeader('connection') !== 'close'
    if (isAtEnd(raw) || (staysOpen && (reply.statusCode < 400 || isShortAndUnread(raw)))) return done()
    // The rest of the body would be taken for the next request.
    reply.header('connection', 'close')
    lingerFor(raw, raw.socket)
    done()
  })
}

/** Whether the response being sent is the last one of the connection. */
export function isEnding (socket: Socket): boolean {
  return ending.has(socket)
}

/**
 * Discards what a client still sends: its connection is half-closed after the last response, and closed when the rest has been
 * read.
 */
export function lingerFor (rest: Readable, socket: Socket): void {
  if (isEnding(socket) || !(socket instanceof Socket)) return // an injected request has no connection
  ending.add(socket)
  const discarded = discardRest(rest)
  const close = socket.destroySoon.bind(socket)
  // Node calls it when the last response has been written.
  socket.destroySoon = () => {
    socket.end()
    discarded.then(close, close)
  }
}

/** Whether the body has ended. Node sets `complete` late, so not yet for a request without a body that is answered at once. */
function isAtEnd ({ complete, headers }: IncomingMessage): boolean {
  return complete || (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined)
}

/** Whether the body is short and unread: Node drains an unread body after the response. */
export function isShortAndUnread ({ headers, readableDidRead }: IncomingMessage): boolean {
  return !readableDidRead && Number(headers['content-length']) <= shortBodyBytes
}

/** Discards bytes until the sender is done or `longestRestMs` or `longestRestBytes` is reached. Never rejects. */
async function discardRest (incoming: Readable): Promise<void> {
  const enough = new AbortController()
  const timer = setTimeout(() => enough.abort(), longestRestMs)
  let bytes = 0
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > longestRestBytes) enough.abort()
  })
  incoming.on('error', () => {}) // also after `finished` has stopped listening
  incoming.resume()
  try {
    await finished(incoming, { writable: false, signal: enough.signal })
  } catch {
    // The bounds are reached, or the client has gone.
  } finally {
    clearTimeout(timer)
  }
}
