import { CheckpointError, quote } from './checkpoint-error.ts'
import { TensorView } from './pytorch-globals.ts'
import { countElements, decodeFloats, isFloat, isSize, sizeOf, type FloatDType, type StateDict, type Tensor } from './state-dict.ts'

/**
 * Keys under which training scripts keep the weights inside a larger dict. Averaged weights (EMA) come first, as in timm:
 * they are the ones that get evaluated.
 */
const wrapperKeys = ['state_dict_ema', 'model_ema', 'ema', 'state_dict', 'model', 'network']

/**
 * The float tensors of an unpickled checkpoint: of the first wrapper key that holds tensors, else of the dict itself.
 * @throws CheckpointError `CHECKPOINT_INVALID` if there is none.
 */
export function findTensorViews (root: unknown): Map<string, TensorView> {
  if (root instanceof Map) {
    for (const dict of [...wrapperKeys.map((key) => root.get(key) as unknown), root]) {
      const views = collectTensorViews(dict)
      if (views.size > 0) return views
    }
  }
  const found = root instanceof Map ? `the keys ${quote(listKeys(root))}` : root instanceof TensorView ? 'a single tensor' : `a ${typeof root}`
  throw new CheckpointError('CHECKPOINT_INVALID', `The checkpoint holds no state dict: expected named tensors, found ${found}.`)
}

function collectTensorViews (dict: unknown): Map<string, TensorView> {
  const views = new Map<string, TensorView>()
  if (!(dict instanceof Map)) return views
  for (const [name, value] of dict as Map<unknown, unknown>) {
    if (typeof name === 'string' && value instanceof TensorView && isFloat(value.storage.dtype)) views.set(name, value)
  }
  return views
}

function listKeys (dict: Map<unknown, unknown>): string {
  return [...dict.keys()].filter((key) => typeof key === 'string').slice(0, 10).join(', ')
}

/** Most uses of a storage: tied weights name one tensor twice; this network names nothing more often. */
const maxStorageUses = 2

/**
 * Views of storages -> tensors in C order.
 * @param storages - the bytes of every storage that a view names, by key.
 * @throws CheckpointError `CHECKPOINT_INVALID`, with the tensor's name, if a view reaches outside its storage or has more elements than it;
 * `CHECKPOINT_TOO_LARGE` if views repeat a storage so often that a small file would become a large state dict.
 */
export function decodeTensors (views: ReadonlyMap<string, TensorView>, storages: ReadonlyMap<string, Uint8Array>): StateDict {
  const decodedElements = new Map<string, number>()
  const tensors = new Map<string, Tensor>()
  for (const [name, view] of views) {
    const { key, dtype, elementCount } = view.storage
    const bytes = storages.get(key)
    if (!isFloat(dtype) || bytes?.length !== elementCount * sizeOf(dtype)) {
      const found = bytes === undefined ? 'it is missing' : `it has ${bytes.length} bytes`
      throw new CheckpointError('CHECKPOINT_INVALID', `Tensor ${quote(name)} expects the storage ${quote(key)} to hold ${elementCount} ${dtype} values, but ${found}.`)
    }
    const tensor = decodeView(name, view, bytes, dtype)
    const decoded = (decodedElements.get(key) ?? 0) + tensor.data.length
    if (decoded > maxStorageUses * elementCount) {
      throw new CheckpointError('CHECKPOINT_TOO_LARGE', `The storage ${quote(key)} is used more than ${maxStorageUses} times over, lastly by tensor ${quote(name)}.`)
    }
    decodedElements.set(key, decoded)
    tensors.set(name, tensor)
  }
  return tensors
}

function decodeView (name: string, { storage, offset, shape, strides }: TensorView, bytes: Uint8Array, dtype: FloatDType): Tensor {
  const elementCount = countElements(name, shape)
  const sizes = shape as readonly number[]
  if (!isSize(offset) || strides.length !== sizes.length || !strides.every(isSize)) {
    throw new CheckpointError('CHECKPOINT_INVALID', `Tensor ${quote(name)} has a malformed offset or strides for its ${sizes.length} dimensions.`)
  }
  const lastIndex = elementCount === 0 ? -1 : offset + sizes.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 0)
  if (lastIndex >= storage.elementCount || elementCount > storage.elementCount) {
    throw new CheckpointError('CHECKPOINT_INVALID',
      `Tensor ${quote(name)} of shape [${sizes.join(', ')}] does not fit its storage of ${storage.elementCount} values.`)
  }
  if (isContiguous(sizes, strides)) {
    const start = elementCount === 0 ? 0 : offset * sizeOf(dtype)
    return { shape: [...sizes], data: decodeFloats(bytes.subarray(start, start + elementCount * sizeOf(dtype)), dtype) }
  }
  return { shape: [...sizes], data: decodeFloats(bytes, dtype, listIndices(offset, sizes, strides, elementCount)) }
}

function isContiguous (shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false
    expected *= shape[axis]!
  }
  return true
}

/** The storage indices of a view's elements in C order. */
function listIndices (offset: number, shape: readonly number[], strides: readonly number[], elementCount: number): Uint32Array {
  const indices = new Uint32Array(elementCount)
  const position = shape.map(() => 0)
  let index = offset
  for (let i = 0; i < elementCount; i++) {
    indices[i] = index
    // Count one up like an odometer: the last axis turns fastest.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis]! += 1
      index += strides[axis]!
      if (position[axis]! < shape[axis]!) break
      index -= strides[axis]! * shape[axis]!
      position[axis] = 0
    }
  }
  return indices
}
