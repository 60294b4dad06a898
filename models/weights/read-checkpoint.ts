import { readFile, stat } from 'node:fs/promises'
import { CheckpointError } from './checkpoint-error.ts'
import { readMindSpore, startsLikeMindSpore } from './mindspore.ts'
import { readPyTorchLegacy, startsLikePyTorchLegacy } from './pytorch-legacy.ts'
import { readPyTorchZip } from './pytorch-zip.ts'
import { readSafetensors } from './safetensors.ts'
import type { StateDict } from './state-dict.ts'

export type CheckpointFormat = 'pytorch-zip' | 'pytorch-legacy' | 'safetensors' | 'mindspore'

interface Reader {
  readonly format: CheckpointFormat
  readonly recognises: (bytes: Buffer) => boolean
  readonly read: (bytes: Buffer) => StateDict | Promise<StateDict>
}

const readers: readonly Reader[] = [
  { format: 'pytorch-zip', recognises: (bytes) => startsWith(bytes, 'PK\x03\x04'), read: readPyTorchZip },
  { format: 'pytorch-legacy', recognises: startsLikePyTorchLegacy, read: readPyTorchLegacy },
  // A header length below 4 GiB and the header's opening brace: never text, which has no zero bytes.
  { format: 'safetensors', recognises: (bytes) => bytes.length > 8 && bytes.readUInt32LE(4) === 0 && bytes[8] === 0x7b, read: readSafetensors },
  { format: 'mindspore', recognises: startsLikeMindSpore, read: readMindSpore },
]

/** Files that users often pass by mistake, with hints for the error. */
const lookalikes: ReadonlyArray<{ readonly recognises: (bytes: Buffer) => boolean, readonly hint: string }> = [
  { recognises: (bytes) => bytes.length === 0, hint: 'it is empty' },
  { recognises: (bytes) => startsWith(bytes, 'version https://git-lfs'), hint: 'it is a Git LFS pointer; run git lfs pull to get the file itself' },
  { recognises: (bytes) => /^\s*<(!doctype|html|\?xml)/i.test(text(bytes, 0, 64)), hint: 'it is a web page, probably an error page saved under the name of the checkpoint' },
  { recognises: (bytes) => startsWith(bytes, '\x1f\x8b'), hint: 'it is compressed with gzip; unpack it first' },
  { recognises: (bytes) => text(bytes, 257, 262) === 'ustar', hint: 'it is a tar archive; unpack it first' },
  { recognises: (bytes) => startsWith(bytes, '\x89HDF'), hint: 'it is an HDF5 file, as Keras writes' },
  { recognises: (bytes) => bytes[0] === 0x08 && bytes[2] === 0x12, hint: 'it looks like an ONNX model; pass the checkpoint from which it was exported' },
  { recognises: (bytes) => bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5, hint: 'it is a Python pickle, but not one that torch.save wrote' },
]

/** Largest checkpoint in bytes: the largest published GhostNet has 30 MB; optimiser state and copies triple that. */
const maxCheckpointBytes = 2 ** 29

/**
 * Reads the float tensors of a checkpoint in any supported format, under the names that the file uses.
 * The format is detected from the content, never from a file name. Integer tensors are checked and left out.
 *
 * @throws CheckpointError for every file that is not a sound checkpoint; no other error, whatever the bytes are.
 */
export async function readCheckpoint (bytes: Buffer): Promise<{ format: CheckpointFormat, tensors: StateDict }> {
  checkLength(bytes.length)
  const reader = readers.find(({ recognises }) => recognises(bytes))
  if (reader === undefined) {
    const hint = lookalikes.find(({ recognises }) => recognises(bytes))?.hint ?? 'its first bytes match none of them'
    throw new CheckpointError('CHECKPOINT_UNKNOWN_FORMAT', `Expected a PyTorch, safetensors or MindSpore checkpoint, but ${hint}.`)
  }
  return { format: reader.format, tensors: await reader.read(bytes) }
}

/** Reads a checkpoint's file; one that is too large is rejected before it takes any memory. */
export async function readCheckpointFile (path: string): Promise<{ bytes: Buffer, format: CheckpointFormat, tensors: StateDict }> {
  checkLength((await stat(path)).size)
  const bytes = await readFile(path)
  return { bytes, ...await readCheckpoint(bytes) }
}

function checkLength (bytes: number): void {
  if (bytes > maxCheckpointBytes) {
    throw new CheckpointError('CHECKPOINT_TOO_LARGE', `The checkpoint has ${bytes} bytes; at most ${maxCheckpointBytes} are read.`)
  }
}

function startsWith (bytes: Buffer, magic: string): boolean {
  return text(bytes, 0, magic.length) === magic
}

function text (bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, end)
}
