/** What a client does while it is rejected. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { open, parseAnswers, type Answer } from '../exchange.ts'
import { request } from '../wire.ts'
import type { Rejection } from './rejection.ts'

export const behaviours = [
  'leaves at once', 'leaves after the response', 'stays silent past the deadline', 'keeps sending', 'half-closes', 'stays while the service shuts down',
] as const

export type Behaviour = typeof behaviours[number]

const deadlineMs = 400
/** Longer than the service discards what follows a rejection. */
const patienceMs = 4000
const sendingMs = 1000

export interface Conversation {
  readonly socket: Socket
  /** Complete responses so far. */
  readonly responses: () => readonly Answer[]
}

/** Connects and sends the request, or the first part of it if the service does not need more. */
export async function begin (port: number, requestId: string, rejection: Rejection, behaviour: Behaviour): Promise<Conversation> {
  const { method, target, body, needsWhole } = rejection
  const fields = [...rejection.fields, `X-Request-Id: ${requestId}`, 'Connection: keep-alive']
  const hasDeadline = fields.some((field) => field.startsWith('x-request-timeout-ms'))
  if (behaviour === 'stays silent past the deadline' && !hasDeadline) fields.push(`x-request-timeout-ms: ${deadlineMs}`)
  const wire = request({ method, target, fields, body })
  const socket = await open(port)
  let received = ''
  socket.on('data', (text: string) => { received += text })
  socket.write(needsWhole ? wire : wire.subarray(0, wire.length - Math.floor(body.length / 2)))
  return { socket, responses: () => parseAnswers(received) }
}

/** Goes on until the conversation is over. Of the last behaviour, that is when the service has closed the connection. */
export async function goOn ({ socket, responses }: Conversation, behaviour: Behaviour, index: number): Promise<void> {
  const closed = socket.closed ? Promise.resolve() : once(socket, 'close')
  switch (behaviour) {
    case 'leaves at once':
      leave(socket, index)
      break
    case 'leaves after the response':
      while (responses().length === 0 && !socket.closed) await sleep(5)
      leave(socket, index)
      break
    case 'stays silent past the deadline':
      await Promise.race([closed, sleep(patienceMs, undefined, { ref: false })])
      break
    case 'keeps sending':
      for (const end = performance.now() + sendingMs; performance.now() < end && !socket.closed;) {
        socket.write(Buffer.alloc(5000, 'more of it '))
        await sleep(20)
      }
      break
    case 'half-closes':
      socket.end()
      await Promise.race([closed, sleep(patienceMs, undefined, { ref: false })])
      break
    case 'stays while the service shuts down':
      await closed
  }
  socket.destroy()
}

/** Disconnects: by the end of the stream, or by a reset. */
function leave (socket: Socket, index: number): void {
  if (index % 2 === 0) socket.destroy()
  else socket.resetAndDestroy()
}
