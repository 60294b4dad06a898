import { CheckpointError, quote } from './checkpoint-error.ts'
import { fromFloat16Bits } from './float16.ts'

/** A dense array of float32 in C order; a scalar has the shape `[]`. */
export interface Tensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export type StateDict = ReadonlyMap<string, Tensor>

const bytesPerElement = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  complex64: 8,
  complex128: 16,
}

export type DType = keyof typeof bytesPerElement
export type FloatDType = 'float16' | 'bfloat16' | 'float32' | 'float64'

export function sizeOf (dtype: DType): number {
  return bytesPerElement[dtype]
}

/** Whether a dtype is of weights, which are floats; other tensors (batch counters, random state) are measured and skipped. */
export function isFloat (dtype: DType): dtype is FloatDType {
  return dtype in elementReaders
}

const bfloatScratch = new DataView(new ArrayBuffer(4))

function readBfloat16 (view: DataView, at: number): number {
  bfloatScratch.setUint16(0, view.getUint16(at, true)) // the upper half of a float32
  return bfloatScratch.getFloat32(0)
}

/** Readers of one little-endian element at a byte offset, aligned or not. */
const elementReaders: Record<FloatDType, (view: DataView, at: number) => number> = {
  float16: (view, at) => fromFloat16Bits(view.getUint16(at, true)),
  bfloat16: readBfloat16,
  float32: (view, at) => view.getFloat32(at, true),
  float64: (view, at) => view.getFloat64(at, true),
}

/**
 * Decodes little-endian elements to float32: without `indices` every element of `bytes` in order, with `indices` those elements.
 * The result owns its memory, so that a small tensor never keeps a whole file alive.
 */
export function decodeFloats (bytes: Uint8Array, dtype: FloatDType, indices?: Uint32Array): Float32Array {
  const read = elementReaders[dtype]
  const size = sizeOf(dtype)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values = new Float32Array(indices?.length ?? bytes.byteLength / size)
  for (let i = 0; i < values.length; i++) {
    values[i] = read(view, (indices?.[i] ?? i) * size)
  }
  return values
}

/** Most dimensions: GhostNet's tensors have four at most; a bound keeps the work on a hostile shape small. */
export const maxDimensions = 8

/**
 * Number of elements of a declared shape.
 *
 * @throws CheckpointError `CHECKPOINT_INVALID` if a dimension is not a whole number >= 0 or there are too many of them.
 */
export function countElements (name: string, shape: readonly unknown[]): number {
  if (shape.length > maxDimensions) {
    throw new CheckpointError('CHECKPOINT_INVALID', `Tensor ${quote(name)} has ${shape.length} dimensions; at most ${maxDimensions} are expected.`)
  }
  if (!shape.every(isSize)) {
    throw new CheckpointError('CHECKPOINT_INVALID', `Tensor ${quote(name)} has the shape [${shape.map(describeSize).join(', ')}]; expected whole numbers from 0 on.`)
  }
  if (shape.includes(0)) return 0
  return shape.reduce((product: number, size) => product * size, 1)
}

/** Describes a size. Never turns an arbitrary value into text: it may be nested deeply enough to overflow the stack. */
function describeSize (size: unknown): string {
  return typeof size === 'number' ? String(size) : typeof size
}

export function isSize (value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
