/**
 * WebDataset: tar archives, called shards, in which `KEY.jpg` (or png, webp) is an image and `KEY.cls` its class index.
 * Nothing is unpacked: an image is read where it lies.
 */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { text } from 'node:stream/consumers'
import { extract, type Entry } from 'tar-stream'
import { UsageError } from '../usage-error.ts'
import type { LabelledImage } from './labelled-image.ts'

declare module 'tar-stream' {
  interface Entry {
    /** Offset of the member's own header in the archive; its content follows. */
    readonly offset: number
  }
}

const headerBytes = 512

const imageExtensions = new Set(['jpg', 'jpeg', 'png', 'webp'])

/** Largest member, in bytes: an archive may claim any size, which must not be allocated. */
const maxImageBytes = 2 ** 26
const maxIndexBytes = 16

interface Member { readonly offset: number, readonly size: number }
interface Sample { image?: Member, classIndex?: number }

/**
 * Lists the images of shards, in their order.
 *
 * @param classes - Number of classes of the model; indices count from 0.
 * @throws UsageError if a shard is not a valid archive, or a sample lacks its image or its class or has two.
 */
export async function listWebDataset (shards: readonly string[], classes: number): Promise<LabelledImage[]> {
  const images: LabelledImage[] = []
  for (const shard of shards) {
    for (const [key, { image, classIndex }] of await readSamples(shard, classes)) {
      const where = `${JSON.stringify(key)} of ${shard}`
      if (image === undefined) throw new UsageError(`Expected an image for the class of ${where}, found none.`)
      if (classIndex === undefined) throw new UsageError(`Expected a class for the image of ${where}, found no .cls.`)
      images.push({ name: `${basename(shard)}/${key}`, classIndex, read: async () => await readMember(shard, image) })
    }
  }
  return images
}

async function readSamples (shard: string, classes: number): Promise<Map<string, Sample>> {
  const { size: shardBytes } = await stat(shard)
  const samples = new Map<string, Sample>()
  const archive = extract()
  const reading = pipeline(createReadStream(shard), archive)
  reading.catch(() => {}) // the loop below throws the same
  try {
    for await (const entry of archive) {
      await readEntry(entry, samples, { shard, shardBytes, classes })
      entry.resume()
    }
    await reading
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw new UsageError(`Expected ${shard} to be a complete tar archive, but ${(cause as Error).message}.`, { cause })
  }
  return samples
}

async function readEntry (
  entry: Entry, samples: Map<string, Sample>, { shard, shardBytes, classes }: { shard: string, shardBytes: number, classes: number }
): Promise<void> {
  const { name, type, size = -1 } = entry.header
  const offset = entry.offset + headerBytes
  const [, key, extension] = /^((?:.*\/)?[^/.]+)\.([^/]+)$/s.exec(name) ?? []
  const isImage = imageExtensions.has(extension?.toLowerCase() ?? '')
  if (type !== 'file' || key === undefined || !(isImage || extension === 'cls')) return
  const where = `${JSON.stringify(name)} of ${shard}`
  const maxBytes = Math.min(isImage ? maxImageBytes : maxIndexBytes, shardBytes - offset)
  if (!(size >= 0 && size <= maxBytes)) throw new UsageError(`Expected at most ${maxBytes} bytes in ${where}, got ${size}.`)
  const sample = samples.get(key) ?? {}
  samples.set(key, sample)
  if (isImage) {
    if (sample.image !== undefined) throw new UsageError(`Expected one image per key, got a second one in ${where}.`)
    sample.image = { offset, size }
  } else {
    if (sample.classIndex !== undefined) throw new UsageError(`Expected one class per key, got a second one in ${where}.`)
    sample.classIndex = readClassIndex(await text(entry), classes, where)
  }
}

function readClassIndex (written: string, classes: number, where: string): number {
  const classIndex = /^\s*\d+\s*$/.test(written) ? Number(written) : NaN
  if (classIndex < classes) return classIndex
  throw new UsageError(`Expected a class index from 0 to ${classes - 1} in ${where}, got ${JSON.stringify(written)}.`)
}

async function readMember (shard: string, { offset, size }: Member): Promise<Buffer> {
  await using file = await open(shard)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, offset)
  return buffer.subarray(0, bytesRead)
}
