/** Standard output for the log. Lines are written together: a system call per line is a good part of the cost of a rejection. */
import type { Writable } from 'node:stream'

const bytesTogether = 4096
const longestWaitMs = 100
/** Bytes by which a reader may fall behind; above that, lines are dropped until it has caught up. */
const maxUnreadBytes = 16 * 1024 * 1024

export class Log {
  /** Lines of this process that could not be written. */
  static droppedLines = 0

  readonly #output: Writable
  readonly #format: (line: string) => string
  #lines: string[] = []
  #length = 0
  #timer: NodeJS.Timeout | undefined

  /**
   * Creates the log's output stream.
   *
   * @param format - Formats a JSON line for the output. @defaultValue the line itself
   * @param output - Where to write. Its errors are ignored: a full disk or a closed reader must not end the service.
   */
  constructor (format: (line: string) => string = (line) => line, output: Writable = process.stdout) {
    this.#format = format
    this.#output = output
    output.on('error', () => {})
  }

  /** Queues a line. Never waits for the reader, and never throws. */
  write (line: string): void {
    this.#lines.push(this.#format(line))
    this.#length += line.length
    if (this.#length >= bytesTogether) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), longestWaitMs).unref()
  }

  /** Writes the queued lines; also called when the process ends. */
  flush (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.#lines
    if (lines.length === 0) return
    this.#lines = []
    this.#length = 0
    const drop = (): void => { Log.droppedLines += lines.length }
    if (this.#output.writableLength > maxUnreadBytes) return drop()
    try {
      this.#output.write(lines.join(''), (error) => { if (error instanceof Error) drop() })
    } catch {
      drop() // a file on a full disk throws
    }
  }
}

/** Milliseconds with one decimal, as the log has them. */
export function roundMs (milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}
