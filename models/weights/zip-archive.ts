import { inflateRawSync } from 'node:zlib'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import { CheckpointError, quote } from './checkpoint-error.ts'

const maxEntries = 65_536
/** Largest inflated size: PyTorch stores without compression, so only other tools deflate, up to a thousandfold. */
const maxInflatedBytes = 256 * 1024 * 1024

/**
 * The entries of a zip archive in memory, by name. Every error is a CheckpointError.
 * Checksums are not verified, as PyTorch itself does not: it can write files without them.
 */
export class ZipArchive {
  readonly #bytes: Buffer
  readonly #zip: ZipFile
  readonly #entries: ReadonlyMap<string, Entry>
  #storedBytes = 0
  #inflatedBytes = 0

  private constructor (bytes: Buffer, zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#bytes = bytes
    this.#zip = zip
    this.#entries = entries
  }

  static async open (bytes: Buffer): Promise<ZipArchive> {
    const zip = await orDamaged(yauzl.fromBufferPromise(bytes))
    if (zip.entryCount > maxEntries) {
      throw new CheckpointError('CHECKPOINT_TOO_LARGE', `The zip archive declares ${zip.entryCount} entries; at most ${maxEntries} are read.`)
    }
    return new ZipArchive(bytes, zip, await orDamaged(listEntries(zip)))
  }

  names (): string[] {
    return [...this.#entries.keys()]
  }

  has (name: string): boolean {
    return this.#entries.has(name)
  }

  /** Reads the bytes of one entry, once; those of a stored one are a view of the file. */
  async read (name: string): Promise<Buffer> {
    const entry = this.#entries.get(name)!
    if (entry.isEncrypted()) throw new CheckpointError('CHECKPOINT_UNSUPPORTED', `The zip entry ${quote(name)} is encrypted.`)
    // The central directory is the authority on sizes, but only the local header tells where the data starts.
    const { fileDataStart } = await orDamaged(this.#zip.readLocalFileHeaderPromise(entry, { minimal: true }))
    const stored = this.#bytes.subarray(fileDataStart, fileDataStart + entry.compressedSize)
    this.#storedBytes += stored.length
    // Otherwise thousands of entries could share one block, and a small file become a large state dict.
    if (this.#storedBytes > this.#bytes.length) throw new CheckpointError('CHECKPOINT_INVALID', `The zip entry ${quote(name)} overlaps another one.`)
    if (entry.compressionMethod === 0) return stored
    if (entry.compressionMethod === 8) return this.#inflate(name, stored, entry.uncompressedSize)
    throw new CheckpointError('CHECKPOINT_UNSUPPORTED', `The zip entry ${quote(name)} uses compression method ${entry.compressionMethod}; only stored and deflated are read.`)
  }

  #inflate (name: string, deflated: Buffer, declaredBytes: number): Buffer {
    this.#inflatedBytes += declaredBytes
    if (this.#inflatedBytes > maxInflatedBytes) {
      throw new CheckpointError('CHECKPOINT_TOO_LARGE', `The zip archive would inflate to more than ${maxInflatedBytes} bytes at entry ${quote(name)}.`)
    }
    let inflated
    try {
      // zlib takes no limit below 1.
      inflated = inflateRawSync(deflated, { maxOutputLength: Math.max(declaredBytes, 1) })
    } catch (cause) {
      throw new CheckpointError('CHECKPOINT_INVALID', `The zip entry ${quote(name)} does not inflate to its ${declaredBytes} bytes.`, { cause })
    }
    if (inflated.length !== declaredBytes) {
      throw new CheckpointError('CHECKPOINT_INVALID', `The zip entry ${quote(name)} inflates to ${inflated.length} bytes; ${declaredBytes} were declared.`)
    }
    return inflated
  }
}

async function listEntries (zip: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  for await (const entry of zip.eachEntry()) {
    if (entries.has(entry.fileName)) throw new Error(`two entries are named ${quote(entry.fileName)}`)
    entries.set(entry.fileName, entry)
  }
  return entries
}

async function orDamaged<T> (reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const isTruncated = /truncated|EOF|overflows/.test(reason)
    throw new CheckpointError(isTruncated ? 'CHECKPOINT_TRUNCATED' : 'CHECKPOINT_INVALID',
      `The zip archive is ${isTruncated ? 'cut short' : 'damaged'}; its reader says ${quote(reason)}.`, { cause })
  }
}
