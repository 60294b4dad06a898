/** A name of the catalog -> the published checkpoint in the model store, checked. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { catalog as publishedCatalog, type CatalogEntry } from './catalog.ts'
import { checkDigests, digestFile, type DigestCheck, type KnownDigests } from './digests.ts'
import { download, type DownloadOptions } from './download.ts'
import { DownloadError } from './download-error.ts'
import { replaceFile } from '../draft.ts'

export interface PullOptions extends Pick<DownloadOptions, 'onProgress' | 'signal'> {
  /** Directory of the model store; checkpoints are in `checkpoints/` there, one folder per name. */
  readonly storeDirectory: string
  /** @defaultValue the published checkpoints */
  readonly catalog?: readonly CatalogEntry[]
}

export interface PulledCheckpoint {
  readonly path: string
  readonly sha256: string
  /** Comparisons of its digests that passed; a SHA-256 of 256 bits if an earlier pull recorded it. */
  readonly strength: readonly DigestCheck[]
}

/** Finds a checkpoint. @throws DownloadError with `DOWNLOAD_UNKNOWN_NAME` and the names there are. */
export function findCatalogEntry (name: string, catalog: readonly CatalogEntry[] = publishedCatalog): CatalogEntry {
  const entry = catalog.find((candidate) => candidate.name === name)
  if (entry !== undefined) return entry
  const names = catalog.map((candidate) => candidate.name).join(', ')
  throw new DownloadError('DOWNLOAD_UNKNOWN_NAME', `Expected the name of a published checkpoint (${names}), got ${JSON.stringify(name)}.`)
}

/**
 * Downloads a checkpoint unless it is in the model store already. Publishers give less than a whole SHA-256, so that of the first
 * pull is recorded next to it and enforced from then on.
 *
 * @throws DownloadError if it cannot be downloaded, or differs from the published or first pulled file: nothing of it is kept then.
 */
export async function pullCheckpoint (name: string, { storeDirectory, catalog, ...options }: PullOptions): Promise<PulledCheckpoint> {
  const entry = findCatalogEntry(name, catalog)
  const path = join(storeDirectory, 'checkpoints', name, entry.fileName)
  const recordPath = `${path}.sha256`
  const recorded = await readRecord(recordPath)
  const digests: KnownDigests = recorded === undefined ? entry.digests : { ...entry.digests, sha256: recorded }

  const isThere = existsSync(path)
  const kept = isThere ? await checkStripped(path, digests) : undefined
  if (isThere && kept === undefined && recorded === undefined) {
    throw new DownloadError('DOWNLOAD_WRONG_DIGEST', `Expected ${path} to be absent or the published file, but another is there, which no pull recorded: move it away to pull.`)
  }
  const { sha256, strength } = kept ?? await download({ ...options, urls: entry.urls, destination: path, digests })
    .catch((error: unknown) => { throw recorded === undefined ? error : explainRecord(error, recordPath) })
  if (recorded === undefined) await replaceFile(recordPath, `${sha256}  ${entry.fileName}\n`)
  return { path, sha256, strength }
}

/** Checks the stored file; undefined if it was damaged since it was pulled, in which case it is pulled again. */
async function checkStripped (path: string, digests: KnownDigests): Promise<Omit<PulledCheckpoint, 'path'> | undefined> {
  const actual = await digestFile(path)
  try {
    return { sha256: actual.sha256, strength: checkDigests(actual, digests, path) }
  } catch {
    return undefined
  }
}

function explainRecord (error: unknown, recordPath: string): unknown {
  if (!(error instanceof DownloadError) || error.code !== 'DOWNLOAD_WRONG_DIGEST') return error
  return new DownloadError(error.code, `${error.message} The first pull recorded it in ${recordPath}.`, { cause: error })
}

/** Record of a digest: a line that `sha256sum --check` understands. */
async function readRecord (path: string): Promise<string | undefined> {
  if (!existsSync(path)) return undefined
  const sha256 = /^([0-9a-f]{64}) {2}/.exec(await readFile(path, 'utf8'))?.[1]
  if (sha256 !== undefined) return sha256
  throw new DownloadError('DOWNLOAD_WRONG_DIGEST', `Expected the SHA-256 of the first pull in ${path}, got something else: delete it to pull anew.`)
}
