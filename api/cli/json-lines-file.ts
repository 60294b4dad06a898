/**
 * A file of JSON lines that one process begins and others continue, whatever ended the first. It is only changed if all of it was
 * made by the same work: any other file stays as it is.
 */
import { appendFileSync, createReadStream, fstatSync } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { explainOutputError } from './output-error.ts'
import { findOutputFile, type OutputFile } from './output-path.ts'
import { TryAgainError, UsageError } from './usage-error.ts'

export interface JsonLines {
  /** Beginning of the line of this index, as far as known before its work; undefined if no line is to come. */
  readonly beginning: (index: number) => string | undefined
  /** Checks a complete line, which then counts as done. @throws UsageError if it is not of this work. */
  readonly read: (line: string, index: number) => void
}

interface Found {
  /** Bytes of complete lines. The beginning of another may follow, if a process was killed. */
  readonly bytes: number
  readonly size: number
}

const newline = 0x0a

export class JsonLinesFile {
  readonly #path: string
  readonly #file: OutputFile
  readonly #found: Found
  /** State of the file as this process left it. */
  #size: number
  #handle: FileHandle | undefined

  private constructor (path: string, file: OutputFile, found: Found) {
    this.#path = path
    this.#file = file
    this.#found = found
    this.#size = found.size
  }

  /**
   * Reads the lines that are there; changes nothing.
   *
   * @throws UsageError if they are not of this work, or the file cannot be written.
   */
  static async open (path: string, lines: JsonLines): Promise<JsonLinesFile> {
    const file = await findOutputFile(path)
    return new JsonLinesFile(path, file, file.isThere ? await readLines(file.path, path, lines) : { bytes: 0, size: 0 })
  }

  /**
   * Appends a line, which is written as a whole or not at all.
   *
   * @throws TryAgainError if another process writes the file, or there is no room.
   */
  async append (line: object): Promise<void> {
    const handle = await this.#open()
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    this.#checkAlone(handle)
    try {
      appendFileSync(handle.fd, bytes) // nothing may come between this and the check
    } catch (error) {
      await handle.truncate(this.#size)
      if (!this.#file.isThere && this.#size === 0) await rm(this.#file.path)
      throw explainOutputError(error, this.#path)
    }
    this.#size += bytes.length
  }

  /** Flushes the file to the disk; creates it even if it has no lines. */
  async finish (): Promise<void> {
    const handle = await this.#open()
    this.#checkAlone(handle)
    await handle.sync()
  }

  async close (): Promise<void> {
    await this.#handle?.close()
  }

  /** Opens the file. Only when there is something to write, so that no empty file is left. */
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

  /** Checks that no other process wrote: one that was thought dead may go on, as on a machine that was cut off. */
  #checkAlone (handle: FileHandle): void {
    if (fstatSync(handle.fd).size !== this.#size) throw this.#explainOther()
  }

  #explainOther (): TryAgainError {
    return new TryAgainError(`Expected ${this.#path} to stay as this process left it, but another process writes it: repeat the command when that has ended.`)
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
    // Checked with every chunk: a file without line ends, such as a video, would fill the memory.
    if (!isBegunBy(rest, beginning(index))) {
      read(rest.toString('utf8'), index)
      throw new UsageError(`Expected ${path} to end with the beginning of line ${index + 1}, got ${quote(rest.toString('utf8'))}: another program wrote it.`)
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

/** Quotes what was received, for an error. */
export const quote = (line: string): string => JSON.stringify(line.length > 100 ? `${line.slice(0, 100)}...` : line)
