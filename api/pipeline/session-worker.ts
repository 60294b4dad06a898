/**
 * A worker thread that owns one ONNX Runtime session. `run` and `create` are synchronous native calls (behind a `setImmediate`):
 * on the main thread they would stop uploads, timers and probes.
 */
import { constants, getPriority, platform, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import type { Preprocessing } from '../../models/preprocessing.ts'
import type { ExecutionProvider } from '../execution-provider/execution-provider.ts'
import type * as Decoder from './decode-plain-jpeg.ts'
import type { PlainJpeg } from './plain-jpeg.ts'

export interface SessionWorkerData {
  /** Encoded ONNX model. */
  readonly graphFile: string
  readonly executionProvider: ExecutionProvider
  readonly intraOpNumThreads: number
  readonly preprocessing: Preprocessing
}

/** Where in a batch a photo belongs that is still to be decoded, and where its bytes are in `files`. */
export interface EncodedImage extends Omit<PlainJpeg, 'file'> {
  readonly index: number
  readonly start: number
  readonly end: number
}

/** Memory of a batch, which goes to and fro between the threads. */
export interface BatchMemory {
  /** uint8 [at least the batch's size, cropSize, cropSize, 3] */
  readonly pixels: Uint8Array<ArrayBuffer>
  /** Photos one after another. */
  readonly files: Uint8Array<ArrayBuffer>
}

/** Its memory is transferred; 'end' lets the thread end once it is idle. */
export type SessionRequest = BatchMemory & { readonly batchSize: number, readonly encoded: readonly EncodedImage[] } | 'end'

export interface BatchOutcome {
  /** float32 [batchSize, classes], transferred. */
  readonly logits: Float32Array<ArrayBuffer>
  /** Indices of images whose logits mean nothing. */
  readonly undecoded: readonly number[]
  /** Of all its photos. */
  readonly decodeMs: number
}

/** What became of a batch, or why nothing did; and its memory, transferred. */
export type RunAnswer = (BatchOutcome | { readonly error: string }) & BatchMemory

const { graphFile, executionProvider, intraOpNumThreads, preprocessing } = workerData as SessionWorkerData
const { cropSize } = preprocessing
const imageLength = cropSize * cropSize * 3
const port = parentPort!

const session = await ort.InferenceSession.create(graphFile, {
  executionProviders: [executionProvider],
  intraOpNumThreads,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
})

// Linux gives each thread a priority of its own: uploads, decoding and answers come before the next batch, which grows meanwhile.
// Elsewhere this would lower the whole process. Not before there is a session: whoever has died must be replaced under load, too.
const { PRIORITY_BELOW_NORMAL } = constants.priority
if (platform() === 'linux' && getPriority() < PRIORITY_BELOW_NORMAL) {
  try {
    setPriority(PRIORITY_BELOW_NORMAL)
  } catch {
    // A sandbox may forbid it, and it is an optimisation.
  }
}

/** Loaded with the first photo: whoever sends none, or pixels, needs no decoder here. */
let decoder: typeof Decoder | undefined

/** @returns Indices of those that could not be decoded. */
async function decodeInto (pixels: Uint8Array, files: Uint8Array, encoded: readonly EncodedImage[]): Promise<number[]> {
  const { decodePlainJpeg, giveBackPictures } = decoder ??= await import('./decode-plain-jpeg.ts')
  const undecoded: number[] = []
  for (const { index, start, end, rows, columns } of encoded) {
    const slot = pixels.subarray(index * imageLength, (index + 1) * imageLength)
    if (!decodePlainJpeg({ file: files.subarray(start, end), rows, columns }, preprocessing, slot)) undecoded.push(index)
    await giveBackPictures()
  }
  return undecoded
}

async function run ({ pixels, files, batchSize, encoded }: Exclude<SessionRequest, 'end'>): Promise<BatchOutcome> {
  const startedAt = performance.now()
  const undecoded = encoded.length === 0 ? [] : await decodeInto(pixels, files, encoded)
  const decodeMs = performance.now() - startedAt
  const input = new ort.Tensor('uint8', pixels.subarray(0, batchSize * imageLength), [batchSize, cropSize, cropSize, 3])
  const outputs = await session.run({ pixels: input })
  return { logits: outputs['logits']!.data as Float32Array<ArrayBuffer>, undecoded, decodeMs }
}

async function serve (request: SessionRequest): Promise<void> {
  if (request === 'end') {
    port.close()
    return
  }
  const { pixels, files } = request
  try {
    const outcome = await run(request)
    port.postMessage({ ...outcome, pixels, files } satisfies RunAnswer, [outcome.logits.buffer, pixels.buffer, files.buffer])
  } catch (error) {
    port.postMessage({ error: String(error), pixels, files } satisfies RunAnswer, [pixels.buffer, files.buffer])
  }
}

/** One request after another: an end that overtook a batch would close the port before its answer. */
let served = Promise.resolve()
port.on('message', (request: SessionRequest) => {
  served = served.then(async () => await serve(request))
})
port.postMessage('created')
