import { CheckpointError, quote } from './checkpoint-error.ts'
import { unpickle } from './pickle.ts'
import { pytorchGlobals, resolveStorage, type Storage } from './pytorch-globals.ts'
import { decodeTensors, findTensorViews } from './pytorch-tensors.ts'
import { sizeOf, type StateDict } from './state-dict.ts'

const magicNumber = 0x1950a86a20f9469cfc6cn
const protocolVersion = 1001

const magicBytes = Buffer.from('6cfc9c46f9206aa85019', 'hex') // little-endian

/** Whether a file starts with a pickle, of any protocol, of the magic number. */
export function startsLikePyTorchLegacy (bytes: Buffer): boolean {
  return bytes[0] === 0x80 && bytes.subarray(0, 32).includes(magicBytes)
}

/**
 * Reads what `torch.save` wrote before PyTorch 1.6: five pickles (magic number, protocol version, system, object, storage keys)
 * and then each storage as its element count (int64) and its elements.
 */
export function readPyTorchLegacy (bytes: Buffer): StateDict {
  const storages = new Map<string, Storage>()
  const resolvePersistentId = (id: unknown): Storage => {
    const storage = resolveStorage(id)
    storages.set(storage.key, storage)
    return storage
  }
  let offset = 0
  const readPickle = (): unknown => {
    const { value, end } = unpickle(bytes, offset, { globals: pytorchGlobals, resolvePersistentId })
    offset = end
    return value
  }

  if (readPickle() !== magicNumber) throw invalid('it does not start with PyTorch\'s magic number')
  if (readPickle() !== protocolVersion) throw invalid(`expected protocol version ${protocolVersion}`)
  const system = readPickle()
  if (system instanceof Map && system.get('little_endian') === false) {
    throw new CheckpointError('CHECKPOINT_UNSUPPORTED', 'The checkpoint was written on a big-endian machine; only little-endian files are read.')
  }
  const views = findTensorViews(readPickle())
  const keys = readPickle()
  if (!Array.isArray(keys)) throw invalid('expected a list of storage keys')
  return decodeTensors(views, readStorages(bytes, offset, keys, storages))
}

function readStorages (
  bytes: Buffer, start: number, keys: readonly unknown[], declared: ReadonlyMap<string, Storage>
): Map<string, Buffer> {
  const contents = new Map<string, Buffer>()
  let offset = start
  for (const key of keys) {
    const storage = typeof key === 'string' ? declared.get(key) : undefined
    if (storage === undefined || contents.has(storage.key)) throw invalid('its list of storage keys names one twice or one that no tensor uses')
    const contentStart = offset + 8
    const end = contentStart + storage.elementCount * sizeOf(storage.dtype)
    if (end > bytes.length) {
      throw new CheckpointError('CHECKPOINT_TRUNCATED', `The checkpoint has ${bytes.length} bytes, but the storage ${quote(storage.key)} runs to byte ${end}.`)
    }
    const elementCount = bytes.readBigInt64LE(offset)
    if (elementCount !== BigInt(storage.elementCount)) {
      throw invalid(`the storage ${quote(storage.key)} has ${elementCount} values where its tensors expect ${storage.elementCount}`)
    }
    contents.set(storage.key, bytes.subarray(contentStart, end))
    offset = end
  }
  return contents
}

function invalid (problem: string): CheckpointError {
  return new CheckpointError('CHECKPOINT_INVALID', `The legacy PyTorch checkpoint is malformed: ${problem}.`)
}
