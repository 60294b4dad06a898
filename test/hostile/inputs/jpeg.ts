/** JPEG by its segments. */

/** A segment with a true length. */
export function segment (marker: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string, 'latin1')
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(bytes.length + 2, 2)
  return Buffer.concat([head, bytes])
}

/** `image` with segments where its metadata is, behind the start marker. */
export function withSegments (image: Buffer, ...segments: readonly Buffer[]): Buffer {
  return Buffer.concat([image.subarray(0, 2), ...segments, image.subarray(2)])
}

/** `image` with another size in its frame header. */
export function withJpegSize (image: Buffer, width: number, height: number): Buffer {
  const changed = Buffer.from(image)
  const frame = frameHeaderAt(image)
  changed.writeUInt16BE(height, frame + 5)
  changed.writeUInt16BE(width, frame + 7)
  return changed
}

/** A progressive `image` whose last scan comes `times` more. */
export function repeatLastScan (image: Buffer, times: number): Buffer {
  const start = image.lastIndexOf(Buffer.from([0xff, 0xda]))
  const scan = image.subarray(start, image.length - 2)
  return Buffer.concat([image.subarray(0, start), ...Array<Buffer>(times + 1).fill(scan), image.subarray(image.length - 2)])
}

/** A colour profile in APP2, in as many segments as it takes. */
export function iccSegments (profile: Buffer): Buffer[] {
  const most = 65_000
  const count = Math.ceil(profile.length / most)
  return Array.from({ length: count }, (_, i) =>
    segment(0xe2, Buffer.concat([Buffer.from('ICC_PROFILE\0', 'latin1'), Buffer.from([i + 1, count]), profile.subarray(i * most, (i + 1) * most)])))
}

/** One directory in big-endian TIFF: `entries` of 12 bytes each, then the offset of the next directory. */
export function tiffOf (entries: readonly Buffer[], nextDirectory: number, entryCount = entries.length): Buffer {
  const count = Buffer.alloc(2)
  count.writeUInt16BE(entryCount)
  const next = Buffer.alloc(4)
  next.writeUInt32BE(nextDirectory)
  return Buffer.concat([Buffer.from('MM\0*\0\0\0\x08', 'latin1'), count, ...entries, next])
}

/** EXIF of such a directory. */
export function exifSegment (...tiff: Parameters<typeof tiffOf>): Buffer {
  return segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiffOf(...tiff)]))
}

/** One EXIF entry. */
export function exifEntry (tag: number, type: number, count: number, value: number): Buffer {
  const entry = Buffer.alloc(12)
  entry.writeUInt16BE(tag, 0)
  entry.writeUInt16BE(type, 2)
  entry.writeUInt32BE(count, 4)
  entry.writeUInt32BE(value, 8)
  return entry
}

function frameHeaderAt (image: Buffer): number {
  for (let at = 2; ; at += 2 + image.readUInt16BE(at + 2)) {
    const marker = image[at + 1]!
    if (marker >= 0xc0 && marker <= 0xc2) return at
  }
}
