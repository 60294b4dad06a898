/** Standard output for the log. Lines are written together: a system call for each is a good part of what a refusal costs. */

const bytesTogether = 4096
const longestWaitMs = 100

export class Log {
  #lines = ''
  #timer: NodeJS.Timeout | undefined

  /** Never waits for whoever reads the log. */
  write (line: string): void {
    this.#lines += line
    if (this.#lines.length >= bytesTogether) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), longestWaitMs).unref()
  }

  /** To be called when the process ends, too. */
  flush (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#lines !== '') process.stdout.write(this.#lines)
    this.#lines = ''
  }
}
