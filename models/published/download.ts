/** Download of a published file: resumed after a cut connection, and under its final name only once its digest is right. */
import { STATUS_CODES } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkDigests, digestFile, type DigestCheck, type KnownDigests } from './digests.ts'
import { DownloadError, type DownloadErrorCode } from './download-error.ts'
import { PartialFile, type Resumable } from './partial-file.ts'

export interface DownloadOptions {
  /** Addresses of the same file, in the order to try. */
  readonly urls: readonly string[]
  readonly destination: string
  readonly digests: KnownDigests
  /** Largest size: a server must not fill the disk, whatever it declares. @defaultValue 1 GiB; the largest known has 30 MB */
  readonly maxBytes?: number
  /** Called for each piece that arrives. `receivedBytes` includes resumed ones; the server may not declare `totalBytes`. */
  readonly onProgress?: ((receivedBytes: number, totalBytes: number | undefined) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface DownloadedFile {
  readonly sha256: string
  /** Comparisons of its digests that passed. */
  readonly strength: readonly DigestCheck[]
}

const defaultMaxBytes = 2 ** 30
const maxAttempts = 5
const firstRetryDelayMs = 100

/** A failure that may pass with another attempt. */
class TransientError extends Error {}

/** Codes of failures of this machine, which no other address would mend. */
const localCodes: readonly DownloadErrorCode[] = ['DOWNLOAD_NO_SPACE', 'DOWNLOAD_NOT_WRITABLE']

/**
 * Downloads the first of `urls` that has the file. What is at `destination` already stays until the new file is complete and checked.
 *
 * @throws DownloadError if none has it, or it cannot be written.
 * @throws The signal's reason if that aborts; what has arrived is resumed the next time.
 */
export async function download (options: DownloadOptions): Promise<DownloadedFile> {
  const partial = new PartialFile(options.destination)
  const failures: DownloadError[] = []
  for (const url of options.urls) {
    try {
      await receive(url, partial, options)
      return await keepChecked(url, partial, options)
    } catch (error) {
      if (!(error instanceof DownloadError) || localCodes.includes(error.code)) throw error
      failures.push(error)
    }
  }
  throw summarise(failures)
}

async function keepChecked (url: string, partial: PartialFile, options: DownloadOptions): Promise<DownloadedFile> {
  const digests = await digestFile(partial.path)
  try {
    const strength = checkDigests(digests, options.digests, url)
    await partial.keep()
    return { sha256: digests.sha256, strength }
  } catch (error) {
    await partial.discard()
    throw error
  }
}

function summarise (failures: readonly DownloadError[]): Error {
  const [first, ...others] = failures
  if (first === undefined) return new TypeError('Expected at least one address to download from.')
  if (others.length === 0) return first
  // A wrong digest is more important than an address that is gone.
  const { code } = failures.find((failure) => failure.code === 'DOWNLOAD_WRONG_DIGEST') ?? first
  const reasons = failures.map(({ message }) => message.replace(/\.$/, '')).join('; ')
  return new DownloadError(code, `None of ${failures.length} addresses has the file: ${reasons}.`, { cause: first })
}

async function receive (url: string, partial: PartialFile, options: DownloadOptions): Promise<void> {
  if (!/^https?:\/\//i.test(url)) {
    throw new DownloadError('DOWNLOAD_BAD_ADDRESS', `Expected an http: or https: address, got ${JSON.stringify(url)}.`)
  }
  for (let attempt = 1; ; attempt++) {
    try {
      await receiveRest(url, partial, options)
      return
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!(error instanceof TransientError)) throw error
      if (attempt === maxAttempts) {
        throw new DownloadError('DOWNLOAD_INTERRUPTED', `${url} failed ${maxAttempts} times, at last because ${error.message}.`, { cause: error })
      }
    }
    await sleep(firstRetryDelayMs * 2 ** (attempt - 1), undefined, { signal: options.signal }).catch(() => options.signal?.throwIfAborted())
  }
}

/** Sends one request for the missing bytes, and reads the response to its end. */
async function receiveRest (url: string, partial: PartialFile, options: DownloadOptions): Promise<void> {
  const resumable = await partial.findResumable(url)
  const response = await request(url, resumable, options.signal)
  const range = await readResponse(url, response, resumable?.offset, partial)
  if (range.isComplete) return
  const { offset, totalBytes } = range
  const maxBytes = options.maxBytes ?? defaultMaxBytes
  if (totalBytes !== undefined && totalBytes > maxBytes) {
    await response.body?.cancel()
    await rejectLarge(url, partial, maxBytes)
  }

  let receivedBytes = offset
  try {
    await (offset === 0 ? partial.begin(url, readValidator(response)) : partial.resume())
    for await (const bytes of readBody(response)) {
      receivedBytes += bytes.length
      if (receivedBytes > maxBytes) await rejectLarge(url, partial, maxBytes)
      await partial.append(bytes)
      options.onProgress?.(receivedBytes, totalBytes)
    }
  } finally {
    await partial.close()
    await response.body?.cancel().catch(() => undefined) // it failed already
  }
  if (totalBytes !== undefined && await partial.readSize() !== totalBytes) {
    await partial.discard()
    throw new TransientError(`${receivedBytes} bytes arrived where ${totalBytes} were declared`)
  }
}

async function request (url: string, resumable: Resumable | undefined, signal: AbortSignal | undefined): Promise<Response> {
  const range = resumable === undefined ? {} : { range: `bytes=${resumable.offset}-`, 'if-range': resumable.validator }
  try {
    // Offsets count the bytes of the file itself, so it must not come compressed.
    return await fetch(url, { headers: { 'accept-encoding': 'identity', ...range }, signal: signal ?? null })
  } catch (cause) {
    throw toTransient(cause)
  }
}

type BodyRange = { isComplete: true } | { isComplete: false, offset: number, totalBytes: number | undefined }

/** Offset of the body in the file, which is up to the server: it may ignore a range, or have another file by now. */
async function readResponse (
  url: string, response: Response, requestedOffset: number | undefined, partial: PartialFile
): Promise<BodyRange> {
  const { status, headers } = response
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(headers.get('content-range') ?? '')
  if (status === 200 && isFaithful(url, response)) return { isComplete: false, offset: 0, totalBytes: readInteger(headers.get('content-length')) }
  if (status === 206 && isFaithful(url, response) && requestedOffset !== undefined && Number(range?.[1]) === requestedOffset) {
    return { isComplete: false, offset: requestedOffset, totalBytes: Number(range?.[2]) }
  }
  await response.body?.cancel()
  if (status === 416 && requestedOffset !== undefined && Number(range?.[2]) === requestedOffset) return { isComplete: true }
  if (requestedOffset !== undefined && (status === 206 || status === 416)) {
    await partial.discard()
    throw new TransientError(`it responded with ${status} and the wrong range`)
  }
  if (status >= 500 || status === 408 || status === 429) throw new TransientError(`it responded with ${status}`)
  if (status >= 400) throw new DownloadError('DOWNLOAD_REFUSED', `${url} responded with ${status} ${STATUS_CODES[status] ?? ''}.`.replace(' .', '.'))
  throw new DownloadError('DOWNLOAD_BAD_RESPONSE', `Expected the file itself from ${url}, got a response with status ${status} that is not.`)
}

/** Whether a response is neither compressed nor redirected from a secure address to an insecure one. */
function isFaithful (url: string, response: Response): boolean {
  const encoding = response.headers.get('content-encoding') ?? 'identity'
  return encoding === 'identity' && (url.startsWith('http:') || response.url.startsWith('https:'))
}

function readInteger (text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined
}

/** Validator of the file's content for a later `If-Range`; a weak ETag may not be used there. */
function readValidator ({ headers }: Response): string | undefined {
  const etag = headers.get('etag')
  return etag?.startsWith('"') === true ? etag : headers.get('last-modified') ?? undefined
}

async function * readBody ({ body }: Response): AsyncGenerator<Uint8Array> {
  try {
    if (body !== null) yield * body
  } catch (cause) {
    throw toTransient(cause)
  }
}

async function rejectLarge (url: string, partial: PartialFile, maxBytes: number): Promise<never> {
  await partial.discard()
  throw new DownloadError('DOWNLOAD_TOO_LARGE', `Expected at most ${maxBytes} bytes from ${url}, got more.`)
}

function toTransient (cause: unknown): TransientError {
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause)
  return new TransientError(`the connection failed (${reason})`, { cause })
}
