import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipEntry {
  readonly name: string
  readonly content: Buffer
  readonly deflate?: boolean
  /** Bit 0 says encrypted. */
  readonly flags?: number
  readonly method?: number
  readonly declaredBytes?: number
  /** Index of the entry whose local header this one points at, instead of its own. */
  readonly sharesDataOf?: number
  /** PyTorch pads the local header's extra field, and only that one, so that data is aligned. */
  readonly localPadding?: number
}

/** A zip archive, byte by byte, so that a test can make every field lie. */
export function buildZip (entries: readonly ZipEntry[], declaredEntryCount = entries.length): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  const offsets: number[] = []
  let offset = 0
  for (const entry of entries) {
    const { content, deflate = false, flags = 0, method = deflate ? 8 : 0, localPadding = 0 } = entry
    const data = deflate ? deflateRawSync(content) : content
    const name = Buffer.from(entry.name)
    const fields = Buffer.alloc(26) // from the version needed to the length of the extra field
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(flags, 2)
    fields.writeUInt16LE(method, 4)
    fields.writeUInt32LE(crc32(content), 10)
    fields.writeUInt32LE(data.length, 14)
    fields.writeUInt32LE(entry.declaredBytes ?? content.length, 18)
    fields.writeUInt16LE(name.length, 22)
    offsets.push(entry.sharesDataOf === undefined ? offset : offsets[entry.sharesDataOf]!)

    const central = Buffer.alloc(46)
    central.write('PK\x01\x02', 'latin1')
    fields.copy(central, 6)
    central.writeUInt32LE(offsets.at(-1)!, 42)
    centrals.push(central, name)
    if (entry.sharesDataOf !== undefined) continue

    fields.writeUInt16LE(localPadding, 24)
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, name, Buffer.alloc(localPadding), data])
    locals.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(declaredEntryCount, 8)
  end.writeUInt16LE(declaredEntryCount, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}
