import { CheckpointError } from './checkpoint-error.ts'
import type { PickleFunction } from './pickle.ts'
import { isSize, type DType } from './state-dict.ts'

/** A block of elements of one dtype, stored in the file under a key; tensors are views of it. */
export class Storage {
  readonly key: string
  readonly dtype: DType
  readonly elementCount: number

  constructor (key: string, dtype: DType, elementCount: number) {
    this.key = key
    this.dtype = dtype
    this.elementCount = elementCount
  }
}

/** A tensor as the pickle declares it; only its storage has been checked. */
export class TensorView {
  readonly storage: Storage
  readonly offset: unknown
  readonly shape: readonly unknown[]
  readonly strides: readonly unknown[]

  constructor (storage: Storage, offset: unknown, shape: readonly unknown[], strides: readonly unknown[]) {
    this.storage = storage
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }
}

class StorageType {
  readonly dtype: DType

  constructor (dtype: DType) {
    this.dtype = dtype
  }
}

const storageTypes: Record<string, DType> = {
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  DoubleStorage: 'float64',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
  ComplexFloatStorage: 'complex64',
  ComplexDoubleStorage: 'complex128',
}

const dtypes = ['float16', 'bfloat16', 'float32', 'float64', 'int8', 'uint8', 'int16', 'int32', 'int64', 'bool', 'complex64', 'complex128']

/** Globals that a PyTorch state dict, or a training checkpoint of plain values around one, may name. */
export const pytorchGlobals: ReadonlyMap<string, unknown> = new Map<string, PickleFunction | StorageType | string>([
  ['collections.OrderedDict', makeOrderedDict],
  ['argparse.Namespace', () => new Map()], // timm's training script adds its command line, which says nothing about the tensors
  ['torch._utils._rebuild_tensor', rebuildTensor], // before PyTorch 0.4
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_parameter', ([data]) => data],
  ['torch.Size', ([sizes]) => sizes],
  ['torch.device', ([name]) => name],
  ...Object.entries(storageTypes).map(([name, dtype]) => [`torch.${name}`, new StorageType(dtype)] as const),
  ...dtypes.map((name) => [`torch.${name}`, name] as const),
])

/** Persistent id: `('storage', storage type, key, location, element count)`; the legacy format adds a sixth, now always null. */
export function resolveStorage (id: unknown): Storage {
  const [kind, type, key, , elementCount, view = null] = Array.isArray(id) ? id as unknown[] : []
  if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string' || !isSize(elementCount)) {
    throw new CheckpointError('CHECKPOINT_INVALID', 'The pickle points at something that is not a storage of a known type with a key and a length.')
  }
  if (view !== null) throw new CheckpointError('CHECKPOINT_UNSUPPORTED', 'The checkpoint has a storage that is a view of another one; save it again with PyTorch 0.4 or newer.')
  return new Storage(key, type.dtype, elementCount)
}

/** Makes an OrderedDict: Python 3 fills the dict after making it, Python 2 passes a list of pairs. */
function makeOrderedDict ([pairs = []]: readonly unknown[], spend: (steps: number) => void): Map<unknown, unknown> {
  const dict = new Map<unknown, unknown>()
  if (!Array.isArray(pairs)) throw new CheckpointError('CHECKPOINT_INVALID', 'An OrderedDict in the pickle is not made from a list of pairs.')
  spend(pairs.length)
  for (const pair of pairs as unknown[]) {
    if (!Array.isArray(pair)) throw new CheckpointError('CHECKPOINT_INVALID', 'An OrderedDict in the pickle is not made from a list of pairs.')
    dict.set(pair[0], pair[1])
  }
  return dict
}

/** Makes a tensor from `(storage, offset, shape, strides, ...)`, all counted in elements. */
function rebuildTensor ([storage, offset, shape, strides]: readonly unknown[]): TensorView {
  if (!(storage instanceof Storage) || !Array.isArray(shape) || !Array.isArray(strides)) {
    throw new CheckpointError('CHECKPOINT_INVALID', 'A tensor in the pickle lacks its storage, shape or strides.')
  }
  return new TensorView(storage, offset, shape as unknown[], strides as unknown[])
}
