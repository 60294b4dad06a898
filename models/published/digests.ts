/** Digests of files as publishers of checkpoints give them, and how much each of them proves. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { DownloadError } from './download-error.ts'

/** A whole digest in lower-case hex. `gitBlobSha1` is git's name of the content. */
export interface FileDigests { readonly sha256: string, readonly md5: string, readonly gitBlobSha1: string }

/** Digests known before a download: whole ones, or their first hex digits. */
export type KnownDigests = Partial<FileDigests>

export interface DigestCheck {
  readonly algorithm: keyof FileDigests
  /** Number of leading bits that were compared. */
  readonly bits: number
}

const algorithms = {
  sha256: { title: 'SHA-256', bits: 256 },
  gitBlobSha1: { title: 'git blob SHA-1', bits: 160 },
  md5: { title: 'MD5', bits: 128 },
} as const satisfies Record<keyof FileDigests, { title: string, bits: number }>

const bitsPerHexDigit = 4

/** Reads the file once, whatever its size, in constant memory. */
export async function digestFile (path: string): Promise<FileDigests> {
  const { size } = await stat(path)
  const sha256 = createHash('sha256')
  const md5 = createHash('md5')
  const gitBlobSha1 = createHash('sha1').update(`blob ${size}\0`)
  for await (const chunk of createReadStream(path)) {
    for (const hash of [sha256, md5, gitBlobSha1]) hash.update(chunk)
  }
  return { sha256: sha256.digest('hex'), md5: md5.digest('hex'), gitBlobSha1: gitBlobSha1.digest('hex') }
}

/**
 * Compares a file with `digests`.
 *
 * @returns The comparisons that passed, strongest kind first; empty if no digest is known.
 * @throws DownloadError with `DOWNLOAD_WRONG_DIGEST` at the first that fails.
 */
export function checkDigests (digests: FileDigests, known: KnownDigests, file: string): DigestCheck[] {
  const checks: DigestCheck[] = []
  for (const algorithm of ['sha256', 'gitBlobSha1', 'md5'] as const) {
    const expected = known[algorithm]
    if (expected === undefined) continue
    if (!digests[algorithm].startsWith(expected)) {
      throw new DownloadError('DOWNLOAD_WRONG_DIGEST',
        `Expected ${file} to have the ${describeCheck(algorithm, expected.length * bitsPerHexDigit)} ${expected}, got ${digests[algorithm]}.`)
    }
    checks.push({ algorithm, bits: expected.length * bitsPerHexDigit })
  }
  return checks
}

function describeCheck (algorithm: keyof FileDigests, bits: number): string {
  const { title, bits: wholeBits } = algorithms[algorithm]
  return bits === wholeBits ? title : `first ${bits} bits of the ${title}`
}

/** Names the comparisons: "SHA-256", or "first 32 bits of the SHA-256, git blob SHA-1 and MD5", or "nothing". */
export function describeStrength (checks: readonly DigestCheck[]): string {
  const words = checks.map(({ algorithm, bits }) => describeCheck(algorithm, bits))
  return words.length === 0 ? 'nothing' : new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(words)
}
