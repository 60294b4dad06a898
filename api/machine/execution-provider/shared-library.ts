/** What a shared library for Linux says that it needs: its ELF dynamic section, read without loading it. */
import { closeSync, openSync, readSync } from 'node:fs'

export interface SharedLibrary {
  /** Names of libraries, as the loader looks for them. */
  readonly needed: readonly string[]
  /** Where the loader looks first; `$ORIGIN` is the library's own directory. */
  readonly runPath: readonly string[]
}

const fileHeaderLength = 64
const programHeaderLength = 56
const maxProgramHeaders = 1000
const maxTableBytes = 4 * 1024 * 1024

const segment = { load: 1, dynamic: 2 } as const
const tag = { needed: 1, stringTable: 5, stringTableSize: 10, rPath: 15, runPath: 29 } as const

interface Segment { readonly type: number, readonly offset: number, readonly address: number, readonly size: number }

/** @throws Error if the file cannot be read or is no 64-bit little-endian ELF file. */
export function readSharedLibrary (path: string): SharedLibrary {
  const file = openSync(path, 'r')
  try {
    const read = (offset: number, length: number): Buffer => {
      if (length > maxTableBytes) throw new Error(`Expected tables of at most ${maxTableBytes} bytes in ${path}, got ${length}.`)
      const bytes = Buffer.alloc(length)
      if (readSync(file, bytes, 0, length, offset) < length) throw new Error(`Expected a complete library in ${path}, got one that is cut off.`)
      return bytes
    }
    const header = read(0, fileHeaderLength)
    if (header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') throw new Error(`Expected a 64-bit ELF file in ${path}, got another file.`)
    const segments = readSegments(header, read)
    const entries = readDynamicEntries(segments, read)
    const valueOf = (wanted: number): number => entries.find(({ key }) => key === wanted)?.value ?? 0
    const strings = read(toOffset(valueOf(tag.stringTable), segments), valueOf(tag.stringTableSize))
    const textsOf = (...wanted: number[]): string[] => entries
      .filter(({ key }) => wanted.includes(key))
      .map(({ value }) => strings.toString('utf8', value, strings.indexOf(0, value)))
    return { needed: textsOf(tag.needed), runPath: textsOf(tag.runPath, tag.rPath).flatMap((paths) => paths.split(':')) }
  } finally {
    closeSync(file)
  }
}

type Read = (offset: number, length: number) => Buffer

function readSegments (header: Buffer, read: Read): Segment[] {
  const count = Math.min(header.readUInt16LE(56), maxProgramHeaders)
  const table = read(Number(header.readBigUInt64LE(32)), count * programHeaderLength)
  return Array.from({ length: count }, (_, i) => {
    const at = i * programHeaderLength
    return {
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: Number(table.readBigUInt64LE(at + 16)),
      size: Number(table.readBigUInt64LE(at + 32)),
    }
  })
}

const entryLength = 16

function readDynamicEntries (segments: readonly Segment[], read: Read): Array<{ key: number, value: number }> {
  const dynamic = segments.find(({ type }) => type === segment.dynamic)
  if (dynamic === undefined) return []
  const table = read(dynamic.offset, dynamic.size)
  return Array.from({ length: Math.floor(dynamic.size / entryLength) }, (_, i) => ({
    key: Number(table.readBigUInt64LE(i * entryLength)),
    value: Number(table.readBigUInt64LE(i * entryLength + 8)),
  }))
}

function toOffset (address: number, segments: readonly Segment[]): number {
  const holder = segments.find(({ type, address: start, size }) => type === segment.load && address >= start && address < start + size)
  return holder === undefined ? address : address - holder.address + holder.offset
}
