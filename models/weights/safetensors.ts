import { CheckpointError, quote } from './checkpoint-error.ts'
import { toFloat16Bits } from './float16.ts'
import { findDuplicateKey } from './json-keys.ts'
import { countElements, decodeFloats, isFloat, isSize, sizeOf, type DType, type StateDict, type Tensor } from './state-dict.ts'

const lengthBytes = 8
/** Largest header in bytes: the format allows 100 MB; this network's takes 50 kB. */
const maxHeaderBytes = 10_000_000
const metadataKey = '__metadata__'

const dtypes = new Map<string, DType>([
  ['F16', 'float16'], ['BF16', 'bfloat16'], ['F32', 'float32'], ['F64', 'float64'], ['BOOL', 'bool'],
  ['I8', 'int8'], ['I16', 'int16'], ['I32', 'int32'], ['I64', 'int64'], ['U8', 'uint8'], ['U16', 'uint16'], ['U32', 'uint32'], ['U64', 'uint64'],
])

interface TensorInfo {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  /** Range of the data in bytes; both count from the end of the header. */
  readonly begin: number
  readonly end: number
}

/**
 * Reads a safetensors file: header length (uint64), JSON header, data.
 * Tensors must follow one another without holes or overlaps and fill the data, so that no byte of a file is unaccounted for.
 *
 * @throws CheckpointError `CHECKPOINT_TRUNCATED`, `CHECKPOINT_INVALID`, `CHECKPOINT_UNSUPPORTED`, `CHECKPOINT_TOO_LARGE`.
 */
export function readSafetensors (bytes: Buffer): StateDict {
  const { header, data } = splitFile(bytes)
  const infos = parseHeader(header)
  assertExactCover(infos, data.length)
  const tensors = new Map<string, Tensor>()
  for (const { name, dtype, shape, begin, end } of infos) {
    if (isFloat(dtype)) tensors.set(name, { shape, data: decodeFloats(data.subarray(begin, end), dtype) })
  }
  return tensors
}

function splitFile (bytes: Buffer): { header: Buffer, data: Buffer } {
  if (bytes.length < lengthBytes) throw new CheckpointError('CHECKPOINT_TRUNCATED', `The safetensors file has ${bytes.length} bytes; its first ${lengthBytes} are the header's length.`)
  const headerBytes = bytes.readBigUInt64LE()
  if (headerBytes > maxHeaderBytes) {
    throw new CheckpointError('CHECKPOINT_TOO_LARGE', `The safetensors header declares ${headerBytes} bytes; at most ${maxHeaderBytes} are read.`)
  }
  const dataStart = lengthBytes + Number(headerBytes)
  if (dataStart > bytes.length) {
    throw new CheckpointError('CHECKPOINT_TRUNCATED', `The safetensors file has ${bytes.length} bytes, but its header runs to byte ${dataStart}.`)
  }
  return { header: bytes.subarray(lengthBytes, dataStart), data: bytes.subarray(dataStart) }
}

function parseHeader (bytes: Buffer): TensorInfo[] {
  let json: string
  let header: unknown
  try {
    json = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    header = JSON.parse(json)
  } catch (cause) {
    throw new CheckpointError('CHECKPOINT_INVALID', 'The safetensors header is not valid JSON in UTF-8.', { cause })
  }
  if (!isObject(header)) throw new CheckpointError('CHECKPOINT_INVALID', 'The safetensors header is not a JSON object.')
  const duplicate = findDuplicateKey(json)
  if (duplicate !== undefined) throw new CheckpointError('CHECKPOINT_INVALID', `The safetensors header names ${quote(duplicate)} twice.`)
  return Object.entries(header).filter(([name]) => name !== metadataKey).map(([name, info]) => parseInfo(name, info))
}

function parseInfo (name: string, info: unknown): TensorInfo {
  const { dtype: dtypeName, shape, data_offsets: offsets } = isObject(info) ? info : {}
  if (typeof dtypeName !== 'string' || !Array.isArray(shape) || !Array.isArray(offsets) || offsets.length !== 2) {
    throw new CheckpointError('CHECKPOINT_INVALID', `Tensor ${quote(name)} lacks its dtype, shape or two data_offsets.`)
  }
  const dtype = dtypes.get(dtypeName)
  if (dtype === undefined) throw new CheckpointError('CHECKPOINT_UNSUPPORTED', `Tensor ${quote(name)} has the dtype ${quote(dtypeName)}, which is not read.`)
  const [begin, end] = offsets as unknown[]
  const length = countElements(name, shape) * sizeOf(dtype)
  if (!isSize(begin) || !isSize(end) || end - begin !== length) {
    throw new CheckpointError('CHECKPOINT_INVALID', `Tensor ${quote(name)} takes ${length} bytes by its shape and dtype, but its data_offsets do not span that.`)
  }
  return { name, dtype, shape: shape as number[], begin, end }
}

function assertExactCover (infos: readonly TensorInfo[], dataBytes: number): void {
  let covered = 0
  for (const { name, begin, end } of infos.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end > dataBytes) {
      throw new CheckpointError('CHECKPOINT_TRUNCATED', `Tensor ${quote(name)} runs to byte ${end} of the data, which has ${dataBytes}.`)
    }
    if (begin !== covered) {
      const problem = begin < covered ? 'overlaps another one' : 'leaves a hole'
      throw new CheckpointError('CHECKPOINT_INVALID', `Tensor ${quote(name)} ${problem}: it begins at byte ${begin} of the data, expected ${covered}.`)
    }
    covered = end
  }
  if (covered !== dataBytes) throw new CheckpointError('CHECKPOINT_INVALID', `The safetensors file has ${dataBytes - covered} bytes that belong to no tensor.`)
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Writes a safetensors file. Equal input gives equal bytes: tensors and metadata are sorted by name, and data starts at a multiple of 8.
 * @param dtype - what every tensor is stored as; float16 rounds to nearest even.
 * @throws CheckpointError `CHECKPOINT_OVERFLOW`, with the tensor's name, for a finite value that float16 cannot hold.
 */
export function writeSafetensors (tensors: StateDict, dtype: 'float32' | 'float16', metadata: Record<string, string>): Buffer {
  const sorted = [...tensors].sort(([a], [b]) => a < b ? -1 : 1)
  const header: Array<[string, unknown]> = [[metadataKey, Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => a < b ? -1 : 1))]]
  let dataBytes = 0
  for (const [name, { shape, data }] of sorted) {
    if (name === metadataKey) throw new CheckpointError('CHECKPOINT_INVALID', `A tensor cannot be named ${quote(name)} in a safetensors file.`)
    const end = dataBytes + data.length * sizeOf(dtype)
    header.push([name, { dtype: dtype === 'float32' ? 'F32' : 'F16', shape, data_offsets: [dataBytes, end] }])
    dataBytes = end
  }

  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)))
  const headerBytes = Math.ceil(json.length / lengthBytes) * lengthBytes
  const file = Buffer.alloc(lengthBytes + headerBytes + dataBytes, ' ') // the format pads with spaces
  file.writeBigUInt64LE(BigInt(headerBytes))
  json.copy(file, lengthBytes)
  let offset = lengthBytes + headerBytes
  for (const [name, { data }] of sorted) {
    offset = dtype === 'float32' ? writeFloat32(file, offset, data) : writeFloat16(file, offset, data, name)
  }
  return file
}

function writeFloat32 (file: Buffer, start: number, data: Float32Array): number {
  let offset = start
  for (const value of data) offset = file.writeFloatLE(value, offset)
  return offset
}

function writeFloat16 (file: Buffer, start: number, data: Float32Array, name: string): number {
  let offset = start
  for (const value of data) {
    const bits = toFloat16Bits(value)
    if ((bits & 0x7fff) === 0x7c00 && Number.isFinite(value)) {
      throw new CheckpointError('CHECKPOINT_OVERFLOW', `Tensor ${quote(name)} holds ${value}, but float16 ends at 65504; write float32 instead.`)
    }
    offset = file.writeUInt16LE(bits, offset)
  }
  return offset
}
