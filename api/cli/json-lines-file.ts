/**
 * A file of JSON lines that one process begins and others continue, whatever ended the former. It is only touched if all of it was
 * made by the same work: what else somebody names stays as it is.
 */
import { createReadStream } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { explainOutputError } from './output-error.ts'
import { findOutputFile, type OutputFile } from './output-path.ts'
import { UsageError } from './usage-error.ts'

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
  #handle: FileHandle | undefined

  private constructor (path: string, file: OutputFile, found: Found) {
    this.#path = path
    this.#file = file
    this.#found = found
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

  /** A line is there as a whole or not at all. */
  async append (line: object): Promise<void> {
    const handle = await this.#open()
    const { size } = await handle.stat()
    try {
      await handle.appendFile(`${JSON.stringify(line)}\n`)
    } catch (error) {
      await handle.truncate(size)
      if (size === 0) await rm(this.#file.path)
      throw explainOutputError(error, this.#path)
    }
  }

  /** It is there then, and on the disk, even if it has no lines. */
  async finish (): Promise<void> {
    await (await this.#open()).sync()
  }

  async close (): Promise<void> {
    await this.#handle?.close()
  }

  /** Not before something is to be written: an empty file is of no use to anybody. */
  async #open (): Promise<FileHandle> {
    if (this.#handle !== undefined) return this.#handle
    try {
      const { bytes, size } = this.#found
      this.#handle = await open(this.#file.path, this.#file.isThere ? 'a' : 'ax')
      if ((await this.#handle.stat()).size !== size) throw new UsageError(`Expected ${this.#path} to stay as it was found, but another process writes it.`)
      if (size > bytes) await this.#handle.truncate(bytes)
      return this.#handle
    } catch (error) {
      throw explainOutputError(error, this.#path)
    }
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
