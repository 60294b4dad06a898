/** The part of a download that has arrived: `<destination>.part`, and a note of its source next to it. */
import { mkdir, open, readFile, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Type, type Static } from 'typebox'
import { Check } from 'typebox/value'
import { DownloadError } from './download-error.ts'

const OriginSchema = Type.Object({
  url: Type.String(),
  validator: Type.String({ description: 'Strong ETag or Last-Modified: the file at `url` is still the same as long as it is.' }),
})

type Origin = Static<typeof OriginSchema>

export interface Resumable { readonly offset: number, readonly validator: string }

export class PartialFile {
  readonly destination: string
  readonly path: string
  readonly #originPath: string
  #handle: FileHandle | undefined

  constructor (destination: string) {
    this.destination = destination
    this.path = `${destination}.part`
    this.#originPath = `${destination}.part.json`
  }

  /** Bytes that need not come from `url` again, if `validator` still names the file there; undefined to start over. */
  async findResumable (url: string): Promise<Resumable | undefined> {
    const origin = await this.#readOrigin()
    if (origin?.url !== url) return undefined
    const offset = await this.readSize()
    return offset === 0 ? undefined : { offset, validator: origin.validator }
  }

  async #readOrigin (): Promise<Origin | undefined> {
    try {
      const origin: unknown = JSON.parse(await readFile(this.#originPath, 'utf8'))
      return Check(OriginSchema, origin) ? origin : undefined
    } catch {
      return undefined
    }
  }

  async readSize (): Promise<number> {
    return await stat(this.path).then(({ size }) => size, () => 0)
  }

  /** Starts over. Without a validator, a later attempt cannot resume what arrives. */
  async begin (url: string, validator: string | undefined): Promise<void> {
    await this.#attempt(async () => {
      await mkdir(dirname(this.destination), { recursive: true })
      await rm(this.#originPath, { force: true })
      this.#handle = await open(this.path, 'w')
      if (validator !== undefined) await writeFile(this.#originPath, JSON.stringify({ url, validator } satisfies Origin))
    })
  }

  async resume (): Promise<void> {
    await this.#attempt(async () => { this.#handle = await open(this.path, 'a') })
  }

  async append (bytes: Uint8Array): Promise<void> {
    await this.#attempt(async () => { await this.#handle?.appendFile(bytes) })
  }

  async close (): Promise<void> {
    await this.#handle?.close()
    this.#handle = undefined
  }

  /** Gives the file its final name, durably: it is whole even after a power cut. */
  async keep (): Promise<void> {
    await this.#attempt(async () => {
      const handle = await open(this.path, 'r+')
      try {
        await handle.datasync()
      } finally {
        await handle.close()
      }
      await rename(this.path, this.destination)
      await rm(this.#originPath, { force: true })
    })
  }

  async discard (): Promise<void> {
    await rm(this.path, { force: true })
    await rm(this.#originPath, { force: true })
  }

  async #attempt (write: () => Promise<void>): Promise<void> {
    try {
      await write()
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'ENOSPC' || code === 'EDQUOT') {
        await this.discard()
        throw new DownloadError('DOWNLOAD_NO_SPACE', `The disk is full: ${this.destination} does not fit.`, { cause })
      }
      throw new DownloadError('DOWNLOAD_NOT_WRITABLE', `Cannot write ${this.destination} (${code}).`, { cause })
    }
  }
}
