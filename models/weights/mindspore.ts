import { crc32 } from 'node:zlib'
import protobuf from 'protobufjs/minimal.js'
import { CheckpointError, quote } from './checkpoint-error.ts'
import { countElements, decodeFloats, isFloat, maxDimensions, sizeOf, type DType, type StateDict, type Tensor } from './state-dict.ts'

/*
 * The format, from mindspore/ccsrc/utils/checkpoint.proto:
 *
 *   message Checkpoint  { repeated Value value = 1; }
 *   message Value       { string tag = 1; oneof { TensorProto tensor = 2; MapTensorProto maptensor = 3; } }
 *   message TensorProto { repeated int64 dims = 1; string tensor_type = 2; bytes tensor_content = 3; }
 *
 * MindSpore appends one Checkpoint of one Value after another, which protobuf reads as a single message.
 */

const dtypes = new Map<string, DType>([
  ['Float16', 'float16'], ['BFloat16', 'bfloat16'], ['Float32', 'float32'], ['Float64', 'float64'], ['Bool', 'bool'],
  ['Int8', 'int8'], ['Int16', 'int16'], ['Int32', 'int32'], ['Int64', 'int64'],
  ['UInt8', 'uint8'], ['UInt16', 'uint16'], ['UInt32', 'uint32'], ['UInt64', 'uint64'],
])
/** Tags of text about the training, and of the state of its random operators. */
const skippedTypes = new Set(['str', 'random_op'])

const checksumMark = Buffer.from('crc_num')
const checksumBytes = 10 // big-endian

/** Most tensors: each takes a few bytes of file but an object in memory; a training checkpoint has under 2,000. */
const maxValues = 65_536

interface TensorProto {
  readonly type: string
  readonly dims: readonly number[]
  readonly content: Uint8Array
}

interface RawTensor {
  readonly tag: string
  /** Parts of a tensor. One over 512 MB comes in several consecutive Values of the same tag and dims. */
  readonly parts: [TensorProto, ...TensorProto[]]
}

/** Whether a file starts as a Checkpoint with a Value with a tag: the format has no magic number. */
export function startsLikeMindSpore (bytes: Buffer): boolean {
  const lengthEnd = bytes.subarray(1, 6).findIndex((byte) => byte < 0x80)
  return bytes[0] === 0x0a && lengthEnd !== -1 && bytes[lengthEnd + 2] === 0x0a
}

/**
 * Reads a MindSpore `.ckpt`. A checksum at its end, which only some files have, is verified.
 * A file cut exactly between two tensors is a sound shorter file: what is missing shows when the names are compared with the network's.
 *
 * @throws CheckpointError `CHECKPOINT_TRUNCATED`, `CHECKPOINT_INVALID` (also for an encrypted file, which looks like noise),
 * `CHECKPOINT_UNSUPPORTED`, `CHECKPOINT_TOO_LARGE`.
 */
export function readMindSpore (bytes: Buffer): StateDict {
  const tensors = new Map<string, Tensor>()
  for (const { tag, parts } of parseCheckpoint(verifyChecksum(bytes))) {
    const tensor = decodeTensor(tag, parts)
    if (tensor !== undefined) tensors.set(tag, tensor)
  }
  if (tensors.size === 0) throw new CheckpointError('CHECKPOINT_INVALID', 'The MindSpore checkpoint holds no tensor of floats.')
  return tensors
}

function verifyChecksum (bytes: Buffer): Buffer {
  const content = bytes.subarray(0, Math.max(0, bytes.length - checksumMark.length - checksumBytes))
  const tail = bytes.subarray(content.length)
  if (!tail.subarray(0, checksumMark.length).equals(checksumMark)) return bytes
  const declared = BigInt(`0x${tail.subarray(checksumMark.length).toString('hex')}`)
  const actual = crc32(content)
  if (declared !== BigInt(actual)) {
    throw new CheckpointError('CHECKPOINT_INVALID', `The MindSpore checkpoint is damaged: its checksum is ${actual}, but it declares ${declared}.`)
  }
  return content
}

function parseCheckpoint (bytes: Buffer): Iterable<RawTensor> {
  const tensors = new Map<string, RawTensor>()
  let previous: RawTensor | undefined
  let valueCount = 0
  forEachField(bytes, (key, reader) => {
    if (key !== 0x0a) return
    if (++valueCount > maxValues) throw new CheckpointError('CHECKPOINT_TOO_LARGE', `The MindSpore checkpoint has more than ${maxValues} tensors.`)
    const { tag, tensor } = parseValue(reader.bytes())
    if (tensor === undefined) return
    if (previous?.tag === tag) {
      previous.parts.push(tensor)
      return
    }
    if (tensors.has(tag)) throw new CheckpointError('CHECKPOINT_INVALID', `The MindSpore checkpoint names ${quote(tag)} twice.`)
    previous = { tag, parts: [tensor] }
    tensors.set(tag, previous)
  })
  return tensors.values()
}

/** Rejects a Value without a tensor: a map tensor (an embedding table), which this network does not have. */
function parseValue (bytes: Uint8Array): { tag: string, tensor: TensorProto | undefined } {
  let tag = ''
  let tensor: TensorProto | undefined
  forEachField(bytes, (key, reader) => {
    if (key === 0x0a) tag = reader.string()
    if (key === 0x12) tensor = parseTensor(reader.bytes())
  })
  return { tag, tensor }
}

function parseTensor (bytes: Uint8Array): TensorProto {
  const dims: number[] = []
  let type = ''
  let content: Uint8Array = new Uint8Array()
  forEachField(bytes, (key, reader) => {
    if (key === 0x08) pushDim(dims, readInt64(reader))
    if (key === 0x0a) forEachPackedInt64(reader.bytes(), (dim) => pushDim(dims, dim))
    if (key === 0x12) type = reader.string()
    if (key === 0x1a) content = reader.bytes()
  })
  return { type, dims, content }
}

function pushDim (dims: number[], dim: number): void {
  if (dims.push(dim) > maxDimensions) {
    throw new CheckpointError('CHECKPOINT_INVALID', `A tensor has more than ${maxDimensions} dimensions, which none of a GhostNet's has.`)
  }
}

function forEachPackedInt64 (bytes: Uint8Array, visit: (value: number) => void): void {
  const reader = new protobuf.Reader(bytes)
  while (reader.pos < reader.len) visit(readInt64(reader))
}

function readInt64 (reader: protobuf.Reader): number {
  return Number(reader.int64().toString()) // beyond 2 ** 53 it is not exact, and rejected as a size
}

/**
 * Visits the fields of a message; what `visit` leaves unread is skipped. `key` is the field number and the wire type as they stand
 * in the file: 0x08 is field 1 as a varint; 0x0a, 0x12 and 0x1a are fields 1, 2 and 3 with a length.
 */
function forEachField (bytes: Uint8Array, visit: (key: number, reader: protobuf.Reader) => void): void {
  const reader = new protobuf.Reader(bytes)
  try {
    while (reader.pos < reader.len) {
      const key = reader.tag()
      const contentStart = reader.pos
      visit(key, reader)
      if (reader.pos === contentStart) reader.skipType(key & 7, 0, key >>> 3)
    }
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause
    const [code, problem] = cause instanceof RangeError ? ['CHECKPOINT_TRUNCATED', 'it is cut short'] as const : ['CHECKPOINT_INVALID', 'it is damaged or encrypted'] as const
    throw new CheckpointError(code, `The file starts like a MindSpore checkpoint, but ${problem}.`, { cause })
  }
}

function decodeTensor (tag: string, parts: RawTensor['parts']): Tensor | undefined {
  const [{ type, dims }] = parts
  if (skippedTypes.has(type)) return undefined
  const dtype = dtypes.get(type)
  if (dtype === undefined) throw new CheckpointError('CHECKPOINT_UNSUPPORTED', `Tensor ${quote(tag)} has the type ${quote(type)}, which is not read.`)
  if (parts.some((part) => part.type !== type || part.dims.join() !== dims.join())) {
    throw new CheckpointError('CHECKPOINT_INVALID', `The MindSpore checkpoint names ${quote(tag)} twice, with different types or shapes.`)
  }
  const content = parts.length === 1 ? parts[0].content : Buffer.concat(parts.map((part) => part.content))
  // MindSpore writes the dims of a scalar as [0].
  const shape = dims.length === 1 && dims[0] === 0 && content.length === sizeOf(dtype) ? [] : dims
  const expectedBytes = countElements(tag, shape) * sizeOf(dtype)
  if (content.length !== expectedBytes) {
    throw new CheckpointError('CHECKPOINT_INVALID', `Tensor ${quote(tag)} has ${content.length} bytes; its shape [${shape.join(', ')}] of ${dtype} takes ${expectedBytes}.`)
  }
  return isFloat(dtype) ? { shape, data: decodeFloats(content, dtype) } : undefined
}
