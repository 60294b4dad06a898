import { crc32 } from 'node:zlib'
import protobuf from 'protobufjs/minimal.js'
import { dict, int, list, long, pickle, text } from './pickle-bytes.ts'
import { buildZip } from './zip-bytes.ts'

export function float32Bytes (...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => bytes.writeFloatLE(value, i * 4))
  return bytes
}

/** What `torch.save` writes since PyTorch 1.6. */
export function buildPyTorchZip (object: Buffer, storages: Record<string, Buffer>): Buffer {
  return buildZip([
    { name: 'archive/data.pkl', content: pickle(object), localPadding: 5 },
    { name: 'archive/byteorder', content: Buffer.from('little') },
    ...Object.entries(storages).map(([key, content]) => ({ name: `archive/data/${key}`, content, localPadding: 13 })),
    { name: 'archive/version', content: Buffer.from('3\n') },
  ])
}

export interface LegacyParts {
  readonly protocolVersion?: number
  readonly system?: Buffer
  readonly keys?: Buffer
}

/** What `torch.save` wrote before PyTorch 1.6; `storages` gives the element count and bytes of each key. */
export function buildPyTorchLegacy (
  object: Buffer, storages: Record<string, [elementCount: number, content: Buffer]>, parts: LegacyParts = {}
): Buffer {
  const contents = Object.values(storages).flatMap(([elementCount, content]) => {
    const length = Buffer.alloc(8)
    length.writeBigInt64LE(BigInt(elementCount))
    return [length, content]
  })
  return Buffer.concat([
    pickle(long(0x1950a86a20f9469cfc6cn)),
    pickle(int(parts.protocolVersion ?? 1001)),
    pickle(parts.system ?? dict({ protocol_version: int(1001) })),
    pickle(object),
    pickle(parts.keys ?? list(...Object.keys(storages).map(text))),
    ...contents,
  ])
}

/** A safetensors file whose header says what the test wants, true or not. */
export function buildSafetensors (header: unknown, data: Buffer): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, data])
}

/** One Checkpoint message with one Value. */
export function buildMindSporeValue (tag: string, type: string, dims: number[], content: Buffer): Buffer {
  const writer = new protobuf.Writer()
  writer.uint32(0x0a).fork()
  writer.uint32(0x0a).string(tag)
  writer.uint32(0x12).fork()
  for (const dim of dims) writer.uint32(0x08).int64(dim)
  writer.uint32(0x12).string(type).uint32(0x1a).bytes(content).ldelim()
  return Buffer.from(writer.ldelim().finish())
}

export function appendChecksum (content: Buffer): Buffer {
  const checksum = Buffer.alloc(10)
  checksum.writeUInt32BE(crc32(content), 6)
  return Buffer.concat([content, Buffer.from('crc_num'), checksum])
}
