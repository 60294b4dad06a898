import { CheckpointError, quote } from './checkpoint-error.ts'
import { unpickle } from './pickle.ts'
import { pytorchGlobals, resolveStorage } from './pytorch-globals.ts'
import { decodeTensors, findTensorViews } from './pytorch-tensors.ts'
import type { StateDict } from './state-dict.ts'
import { ZipArchive } from './zip-archive.ts'

/** Reads what `torch.save` writes since PyTorch 1.6: a zip with `<root>/data.pkl` and one entry `<root>/data/<key>` per storage. */
export async function readPyTorchZip (bytes: Buffer): Promise<StateDict> {
  const archive = await ZipArchive.open(bytes)
  const root = findRoot(archive)
  await rejectBigEndian(archive, root)
  const pickle = await archive.read(`${root}data.pkl`)
  const { value } = unpickle(pickle, 0, { globals: pytorchGlobals, resolvePersistentId: resolveStorage })
  const views = findTensorViews(value)
  const storages = new Map<string, Buffer>()
  for (const { storage: { key } } of views.values()) {
    const name = `${root}data/${key}`
    if (!storages.has(key) && archive.has(name)) storages.set(key, await archive.read(name))
  }
  return decodeTensors(views, storages)
}

/** Finds the root directory by its content: its name is the stem of the file that was first written. */
function findRoot (archive: ZipArchive): string {
  const roots = archive.names().filter((name) => name === 'data.pkl' || name.endsWith('/data.pkl')).map((name) => name.slice(0, -'data.pkl'.length))
  const [root] = roots
  if (root === undefined) {
    throw new CheckpointError('CHECKPOINT_UNKNOWN_FORMAT', 'The file is a zip archive without a data.pkl, so it is not a PyTorch checkpoint.')
  }
  if (roots.length > 1) throw new CheckpointError('CHECKPOINT_INVALID', `The zip archive holds ${roots.length} checkpoints; expected one data.pkl.`)
  if (archive.has(`${root}constants.pkl`)) {
    throw new CheckpointError('CHECKPOINT_UNSUPPORTED', 'The file is a TorchScript program; save its weights with torch.save(model.state_dict(), path).')
  }
  return root
}

async function rejectBigEndian (archive: ZipArchive, root: string): Promise<void> {
  const name = `${root}byteorder`
  const order = archive.has(name) ? (await archive.read(name)).toString('latin1') : 'little'
  if (order !== 'little') {
    throw new CheckpointError('CHECKPOINT_UNSUPPORTED', `The checkpoint's byte order is ${quote(order)}; only "little" is read.`)
  }
}
