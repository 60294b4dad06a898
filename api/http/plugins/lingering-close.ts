/**
 * Lets a client read the response to a request whose body has not been read to its end. A connection that is closed with bytes unread is
 * reset, and a reset takes the response away from a client that has not read it yet: most clients read only once they have sent all.
 */
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { FastifyInstance } from 'fastify'

/** Shorter bodies are read to their end for the sake of the connection: a new one costs both sides more. */
const shortBodyBytes = 64 * 1024
/** A rest that is longer, or takes longer, is cut off. */
const longestRestMs = 2000
const longestRestBytes = 64 * 1024 * 1024

const ending = new WeakSet<Socket>()

/** Register it before the hooks that log or measure requests: what follows on a connection that ends is none. */
export function registerLingeringClose (app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    if (isEnding(socket)) reply.hijack() // never answered: the connection ends with the response before it
    else done()
  })
  app.addHook('onSend', ({ raw }, reply, _payload, done) => {
    const staysOpen = reply.raw.shouldKeepAlive && reply.getHeader('connection') !== 'close'
    if (isAtEnd(raw) || (staysOpen && (reply.statusCode < 400 || isShortAndUnread(raw)))) return done()
    // What is left of the body would be taken for the next request.
    reply.header('connection', 'close')
    lingerFor(raw, raw.socket)
    done()
  })
}

/** Whether the response that is on its way is the last one of the connection. */
export function isEnding (socket: Socket): boolean {
  return ending.has(socket)
}

/**
 * Discards the rest of what a client sends: its connection is half-closed after the last response, and closed when the rest has been
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

/** Node says `complete` only when it has parsed on, so not yet of a request without a body that is answered at once. */
function isAtEnd ({ complete, headers }: IncomingMessage): boolean {
  return complete || (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined)
}

/** Node reads on by itself, once the response is out, whatever nobody has begun to read. */
export function isShortAndUnread ({ headers, readableDidRead }: IncomingMessage): boolean {
  return !readableDidRead && Number(headers['content-length']) <= shortBodyBytes
}

/** Reads on and forgets, until the sender is done or has had `longestRestMs` or `longestRestBytes`. Never rejects. */
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
    // Enough, or the client has gone: either way nobody sends any more that we would read.
  } finally {
    clearTimeout(timer)
  }
}
