/** A keep-alive client of raw bytes: it knows what each connection has announced, and how each request on it ended. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseAnswers, type Answer } from '../hostile/exchange.ts'

/** How one request ended. Times are in ms since the Unix epoch, so that processes can compare theirs. */
export interface Outcome {
  /** When its connection was open, or was asked for where there is none. */
  readonly openedAt: number
  readonly sentAt: number
  readonly endedAt: number
  /** Status; 0 without a response. */
  readonly status: number
  /** Code of a problem; or why there was no response: `refused` (no connection), `reset` (it ended before the response) or `hung`. */
  readonly code?: string
  readonly retryAfter?: number
}

export interface Target {
  readonly port: number
  /** Address of the client, by which the service knows it. */
  readonly localAddress?: string
}

const patienceMs = 30_000

export function now (): number {
  return performance.timeOrigin + performance.now()
}

export class Connection {
  readonly #socket: Socket
  #openedAt = 0
  #received = ''

  private constructor (socket: Socket) {
    this.#socket = socket
  }

  /** @returns undefined if the connection is refused. */
  static async open ({ port, localAddress }: Target): Promise<Connection | undefined> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, ...(localAddress !== undefined && { localAddress }) }).setEncoding('latin1')
    const connection = new Connection(socket)
    socket.on('data', (text: string) => { connection.#received += text })
    try {
      await once(socket, 'connect')
    } catch {
      return undefined
    }
    connection.#openedAt = now()
    socket.on('error', () => {}) // its requests tell
    return connection
  }

  /** The server has not said that it ends, nor ended: the next request may be written. */
  get isOpen (): boolean {
    return !this.#socket.destroyed && this.#socket.writable && !this.#socket.readableEnded
  }

  async send (wire: Buffer): Promise<Outcome> {
    const [openedAt, sentAt] = [this.#openedAt, now()]
    this.#received = ''
    this.#socket.write(wire)
    const outcome = await this.#answer()
    const endedAt = now()
    if (typeof outcome === 'string') {
      this.close()
      return { openedAt, sentAt, endedAt, status: 0, code: outcome }
    }
    const { status, headers, body } = outcome
    // What has been announced ends here: nothing may be written on it any more.
    if (headers.get('connection') === 'close') this.close()
    if (status === 200) return { openedAt, sentAt, endedAt, status }
    const retryAfter = headers.get('retry-after')
    const code = /"code":"(\w+)"/.exec(body)?.[1]
    const problem = { ...(code !== undefined && { code }), ...(retryAfter !== undefined && { retryAfter: Number(retryAfter) }) }
    return { openedAt, sentAt, endedAt, status, ...problem }
  }

  close (): void {
    this.#socket.destroy()
  }

  async #answer (): Promise<Answer | 'reset' | 'hung'> {
    return await new Promise((resolve) => {
      const settle = (outcome: Answer | 'reset' | 'hung'): void => {
        clearTimeout(timer)
        this.#socket.off('data', onData).off('close', onClose)
        resolve(outcome)
      }
      const onData = (): void => {
        const [answer] = parseAnswers(this.#received)
        if (answer !== undefined) settle(answer)
      }
      const onClose = (): void => settle('reset')
      const timer = setTimeout(() => settle('hung'), patienceMs)
      this.#socket.on('data', onData).once('close', onClose)
      if (this.#socket.destroyed) onClose()
    })
  }
}
