/** The segments before the scan of a JPEG as cameras and browsers write it. */

export interface FastJpegChannel {
  /** Sampling factor across and down: blocks per unit. */
  readonly sampling: number
  /** Quantisers in the order of the coefficients in the file. */
  readonly quantisers: Buffer
  /** Huffman tables: counts of lengths, then symbols. */
  readonly dc: Buffer
  readonly ac: Buffer
}

export interface FastJpegHead {
  readonly channels: readonly FastJpegChannel[]
  /** Offset of the entropy-coded bytes. */
  readonly scanStart: number
}

const [startOfImage, baselineFrame, huffmanTables, quantisationTables, startOfScan, adobe] = [0xd8, 0xc0, 0xc4, 0xdb, 0xda, 0xee]
/** Markers of JFIF and EXIF. */
const applications = new Set([0xe0, 0xe1])
const adobeYCbCr = 1
/** Largest head that is read, in bytes; without metadata it is some 600. */
const maxHeadBytes = 4096
/** The one scan header that is accepted: three channels in the frame's order, all coefficients, any tables. */
const fastScanHeader = Buffer.from([3, 1, 0, 2, 0, 3, 0, 0, 63, 0])
const scanTableOffsets = [2, 4, 6]
/** Accepted sampling factors of the luminance, across and down; those of chrominance are 1. */
const luminances = new Set([0x11, 0x21, 0x22])
const channelEntryBytes = 3
const [quantisers, lengths] = [64, 16]

/**
 * Parses the head of a JPEG with one frame of luminance and two chrominances at full or half resolution, and one scan of all
 * three, whose tables are each defined once.
 *
 * @returns undefined for anything else: restarts, and whatever decoders may treat differently.
 */
export function readFastJpegHead (file: Buffer): FastJpegHead | undefined {
  if (file[0] !== 0xff || file[1] !== startOfImage) return undefined
  let frame: Buffer | undefined
  const tables = new Map<string, Buffer>()
  for (let at = 2; at + 4 <= Math.min(file.length, maxHeadBytes);) {
    const marker = file[at + 1]!
    const content = file.subarray(at + 4, at + 2 + file.readUInt16BE(at + 2))
    if (file[at] !== 0xff) return undefined
    if (marker === startOfScan) {
      const channels = frame && isFastScanHeader(content) ? channelsOf(frame, content, tables) : undefined
      return channels && { channels, scanStart: at + 4 + content.length }
    }
    if (marker === baselineFrame) {
      if (frame !== undefined || !hasFastChannels(content)) return undefined
      frame = content
    } else if (marker === huffmanTables || marker === quantisationTables) {
      if (!addTables(tables, marker, content)) return undefined
    } else if (marker === adobe) {
      if (content[11] !== adobeYCbCr) return undefined
    } else if (!applications.has(marker)) return undefined
    at += 4 + content.length
  }
  return undefined
}

/** Whether a frame has the three channels of a fast JPEG. @param frame - The segment from its precision on. */
function hasFastChannels (frame: Buffer): boolean {
  const channels = [0, 1, 2].map((channel) => frame.subarray(6 + channel * channelEntryBytes, 9 + channel * channelEntryBytes))
  return frame.length === 6 + 3 * channelEntryBytes && frame[0] === 8 && frame[5] === 3 &&
    channels.every(([number, sampling], i) => number === i + 1 && (i === 0 ? luminances.has(sampling!) : sampling === 0x11))
}

function isFastScanHeader (content: Buffer): boolean {
  const scan = Buffer.from(content.subarray(0, fastScanHeader.length + 1))
  for (const table of scanTableOffsets) scan[table] = 0
  return scan.equals(fastScanHeader)
}

/** Adds the tables of a segment. @returns Whether each has a new number and its declared length; 16-bit tables do not. */
function addTables (tables: Map<string, Buffer>, marker: number, content: Buffer): boolean {
  for (let at = 0; at < content.length;) {
    const key = `${marker} ${content[at]}`
    const start = at + 1
    const end = marker === quantisationTables
      ? start + quantisers
      : start + lengths + content.subarray(start, start + lengths).reduce((sum, count) => sum + count, 0)
    if (end > content.length || tables.has(key)) return false
    tables.set(key, content.subarray(start, end))
    at = end
  }
  return true
}

const acTable = 0x10

function channelsOf (frame: Buffer, scan: Buffer, tables: ReadonlyMap<string, Buffer>): FastJpegChannel[] | undefined {
  const channels: FastJpegChannel[] = []
  for (const [i, at] of scanTableOffsets.entries()) {
    const [sampling, quantisation] = frame.subarray(6 + channelEntryBytes * i + 1)
    const quantisers = tables.get(`${quantisationTables} ${quantisation}`)
    const dc = tables.get(`${huffmanTables} ${scan[at]! >> 4}`)
    const ac = tables.get(`${huffmanTables} ${acTable | scan[at]! & 15}`)
    if (quantisers === undefined || dc === undefined || ac === undefined) return undefined
    channels.push({ sampling: sampling!, quantisers, dc, ac })
  }
  return channels
}
