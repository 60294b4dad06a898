/** A client of raw bytes: it writes what it is given, and reads until the server closes. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

export interface Exchange {
  readonly answers: readonly Answer[]
  /** Whether the server ended the connection, rather than a timeout of ours. */
  readonly isClosed: boolean
  /** Until the last response was complete, or the end if there was none. */
  readonly durationMs: number
}

export interface ExchangeOptions {
  /** Say that nothing follows `wire`: half-close the connection. */
  readonly end?: boolean
  readonly patienceMs?: number
}

/** Writes `wire`, as far as the server takes it, and resolves once the connection is over. A reset is an end like any other. */
export async function exchange (
  port: number, wire: Buffer | string, { end = false, patienceMs = 10_000 }: ExchangeOptions = {}
): Promise<Exchange> {
  const socket = await open(port)
  const startedAt = performance.now()
  let answeredAt: number | undefined
  let received = ''
  let isClosed = true
  socket.on('data', (chunk: string) => {
    received += chunk
    answeredAt = performance.now()
  })
  const timer = setTimeout(() => {
    isClosed = false
    socket.destroy()
  }, patienceMs)
  if (end) socket.end(wire)
  else socket.write(wire)
  await new Promise((resolve) => socket.once('close', resolve)) // `once` would throw at a reset
  clearTimeout(timer)
  return { answers: parseAnswers(received), isClosed, durationMs: (answeredAt ?? performance.now()) - startedAt }
}

/** A connected socket whose errors fail no test. */
export async function open (port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** All complete responses at the start of what was received. This service says how long each one is. */
export function parseAnswers (received: string): Answer[] {
  const answers: Answer[] = []
  for (let at = 0; ;) {
    const headEnd = received.indexOf('\r\n\r\n', at)
    if (headEnd === -1) return answers
    const [statusLine, ...fields] = received.slice(at, headEnd).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine!)?.[1])
    const headers = new Map(fields.map((field) => {
      const colon = field.indexOf(':')
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const
    }))
    const bodyStart = headEnd + 4
    const bareEnd = headers.get('transfer-encoding') === 'chunked' ? '0\r\n\r\n'.length : 0 // Node's own rejections
    at = bodyStart + Number(headers.get('content-length') ?? bareEnd)
    if (at > received.length) return answers
    answers.push({ status, headers, body: Buffer.from(received.slice(bodyStart, at), 'latin1').toString() })
  }
}
