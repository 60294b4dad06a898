/**
 * A file of JSON lines that one process begins and others continue, whatever ended the former. It is only touched if all of it was
 * made by the same work: what else somebody names stays as it is.
 */
import { appendFileSync, createReadStream, fstatSync } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { explainOutputError } from './output-error.ts'
import { findOutputFile, type OutputFile } from './output-path.ts'
import { TryAgainError, UsageError } from './usage-error.ts'

export interface JsonLines {
  /** With what the line of this index begins, as exactly as is known before its work; undefined if there is none to come. */
  readonly beginning: (index: number) => string | undefined
  /** @throws UsageError if a complete line is not of this work; otherwise the line counts as done. */
  readonly read: (line: string, index: number) => void
}

interface Found {
  /** Of complete lines. Behind them may be the beginning of one, where a process was killed. */
  readonly bytes: number
  readonly size: number
}

const newline = 0x0a

export class JsonLinesFile {
  readonly #path: string
  readonly #file: OutputFile
  readonly #found: Found
  /** As this process left it. */
  #size: number
  #handle: FileHandle | undefined

  private constructor (path: string, file: OutputFile, found: Found) {
    this.#path = path
    this.#file = file
    this.#found = found
    this.#size = found.size
  }

  /**
   * Reads what is there, and changes nothing.
   *
   * @throws UsageError if it is not of this work, or cannot be written.
   */
  static async open (path: string, lines: JsonLines): Promise<JsonLinesFile> {
    const file = await findOutputFile(path)
    return new JsonLinesFile(path, file, file.isThere ? await readLines(file.path, path, lines) : { bytes: 0, size: 0 })
  }

  /**
   * A line is there as a whole or not at all.
   *
   * @throws TryAgainError if another process writes the file, or there is no room.
   */
  async append (line: object): Promise<void> {
    const handle = await this.#open()
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    this.#checkAlone(handle)
    try {
      appendFileSync(handle.fd, bytes) // with nothing between it and the check
    } catch (error) {
      await handle.truncate(this.#size)
      if (!this.#file.isThere && this.#size === 0) await rm(this.#file.path)
      throw explainOutputError(error, this.#path)
    }
    this.#size += bytes.length
  }

  /** It is there then, and on the disk, even if it has no lines. */
  async finish (): Promise<void> {
    const handle = await this.#open()
    this.#checkAlone(handle)
    await handle.sync()
  }

  async close (): Promise<void> {
    await this.#handle?.close()
  }

  /** Not before something is to be written: an empty file is of no use to anybody. */
  async #open (): Promise<FileHandle> {
    if (this.#handle !== undefined) return this.#handle
    try {
      this.#handle = await open(this.#file.path, this.#file.isThere ? 'a' : 'ax')
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? this.#explainOther() : explainOutputError(error, this.#path)
    }
    this.#checkAlone(this.#handle)
    if (this.#size > this.#found.bytes) await this.#handle.truncate(this.#found.bytes)
    this.#size = this.#found.bytes
    return this.#handle
  }

  /** Whoever writes second ends: a process that was taken for dead may go on, as one on a machine that was cut off. */
  #checkAlone (handle: FileHandle): void {
    if (fstatSync(handle.fd).size !== this.#size) throw this.#explainOther()
  }

  #explainOther (): TryAgainError {
    return new TryAgainError(`Expected ${this.#path} to stay as this process left it, but another one writes it: repeat the command once that has ended.`)
  }
}

async function readLines (file: string, path: string, { beginning, read }: JsonLines): Promise<Found> {
  let bytes = 0
  let index = 0
  let rest = Buffer.alloc(0)
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(newline); end !== -1; end = rest.indexOf(newline)) {
      read(rest.toString('utf8', 0, end), index++)
      bytes += end + 1
      rest = rest.subarray(end + 1)
    }
    // With every chunk: a film has no lines, and would fill the memory.
    if (!isBegunBy(rest, beginning(index))) {
      read(rest.toString('utf8'), index)
      throw new UsageError(`Expected ${path} to end with the beginning of line ${index + 1}, got ${quote(rest.toString('utf8'))}: it was made by something else.`)
    }
  }
  return { bytes, size: bytes + rest.length }
}

function isBegunBy (line: Buffer, beginning: string | undefined): boolean {
  if (line.length === 0 || beginning === undefined) return line.length === 0
  const expected = Buffer.from(beginning)
  const length = Math.min(line.length, expected.length)
  return line.compare(expected, 0, length, 0, length) === 0
}

/** What was received, in an error. */
export const quote = (line: string): string => JSON.stringify(line.length > 100 ? `${line.slice(0, 100)}...` : line)
