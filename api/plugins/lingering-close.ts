/** A refusal before the end of the body: the client gets to read it, and the connection ends. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { discardRest } from '../discard-rest.ts'

/** So much of a body is read to its end for the sake of the connection: a new one costs both sides more. */
const shortBodyBytes = 64 * 1024

export function registerLingeringClose (app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (isAtEnd(request.raw) || reply.statusCode < 400 || typeof payload !== 'string' || isShortAndUnread(request.raw)) return done()
    // What is left of the body would be taken for the next request.
    reply.header('connection', 'close').header('content-length', Buffer.byteLength(payload))
    done(null, Readable.from(answerThenDiscard(payload, request.raw), { objectMode: false }))
  })
}

/** Node says `complete` only when it has parsed on, so not yet of a request without a body that is answered at once. */
function isAtEnd ({ complete, headers }: IncomingMessage): boolean {
  return complete || (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined)
}

/** Node reads on by itself, once the answer is out, whatever nobody has begun to read. */
export function isShortAndUnread ({ headers, readableDidRead }: IncomingMessage): boolean {
  return !readableDidRead && Number(headers['content-length']) <= shortBodyBytes
}

/** By its Content-Length the answer is complete at once; the response, and with it the connection, ends once the body is out of the way. */
async function * answerThenDiscard (answer: string, body: IncomingMessage): AsyncGenerator<string> {
  yield answer
  await discardRest(body)
}
