/**
 * A worker thread that owns one ONNX Runtime session. `run` and `create` are synchronous native calls (behind a `setImmediate`):
 * on the main thread they would stop uploads, timers and probes.
 */
import { constants, getPriority, platform, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import type { ExecutionProvider } from '../config.ts'
import type { Preprocessing } from '../../models/manifest/preprocessing.ts'
import type * as Decoder from '../images/decode-fast-jpeg.ts'
import type { FastJpeg } from '../images/fast-jpeg.ts'

export interface SessionWorkerData {
  /** Encoded ONNX model. */
  readonly graphFile: string
  readonly executionProvider: ExecutionProvider
  readonly intraOpNumThreads: number
  readonly preprocessing: Preprocessing
}

/** An image of a batch that is still to be decoded: its index in the batch, and the range of its bytes in `files`. */
export interface EncodedImage extends Omit<FastJpeg, 'file'> {
  readonly index: number
  readonly start: number
  readonly end: number
}

/** Memory of a batch, transferred between the threads in both directions. */
export interface BatchMemory {
  /** Pixels: uint8 [at least the batch's size, cropSize, cropSize, 3]. */
  readonly pixels: Uint8Array<ArrayBuffer>
  /** Bytes of the encoded images, one after another. */
  readonly files: Uint8Array<ArrayBuffer>
}

/** A batch to run, whose memory is transferred; 'end' ends the thread once it is idle. */
export type SessionRequest = BatchMemory & { readonly batchSize: number, readonly encoded: readonly EncodedImage[] } | 'end'

/** Decoding of one image of a batch. Times are in ms since the start of the batch. */
export interface Decoding {
  readonly index: number
  readonly startMs: number
  readonly endMs: number
  /** Whether it succeeded; if not, the logits at this index are meaningless. */
  readonly isDecoded: boolean
}

export interface BatchOutcome {
  /** Logits: float32 [batchSize, classes], transferred; empty if no image was decoded. */
  readonly logits: Float32Array<ArrayBuffer>
  readonly decodings: readonly Decoding[]
}

/** Response to a batch: its outcome or the error of the run, and its memory, transferred. */
export type RunResponse = (BatchOutcome | { readonly error: string }) & BatchMemory

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

// Linux has priorities per thread: uploads, decoding and responses come before the next batch, which grows meanwhile.
// Elsewhere this would lower the whole process. Only after the session is made: a replacement has to start under load, too.
const { PRIORITY_BELOW_NORMAL } = constants.priority
if (platform() === 'linux' && getPriority() < PRIORITY_BELOW_NORMAL) {
  try {
    setPriority(PRIORITY_BELOW_NORMAL)
  } catch {
    // A sandbox may forbid it, and it is an optimisation.
  }
}

/** The decoder, loaded with the first image that needs it; false if it cannot be loaded, in which case libvips decodes. */
let decoder: typeof Decoder | false | undefined

async function loadDecoder (): Promise<typeof Decoder | false> {
  try {
    return await import('../images/decode-fast-jpeg.ts')
  } catch (error) {
    process.emitWarning(`Sessions cannot decode images here, so libvips does, more slowly: ${String(error)}`)
    return false
  }
}

async function decodeInto (
  pixels: Uint8Array, files: Uint8Array, encoded: readonly EncodedImage[], startedAt: number
): Promise<Decoding[]> {
  decoder ??= await loadDecoder()
  const decodings: Decoding[] = []
  for (const { index, start, end, rows, columns } of encoded) {
    const slot = pixels.subarray(index * imageLength, (index + 1) * imageLength)
    const startMs = performance.now() - startedAt
    const jpeg = { file: files.subarray(start, end), rows, columns }
    const isDecoded = decoder !== false && decoder.decodeFastJpeg(jpeg, preprocessing, slot)
    decodings.push({ index, startMs, endMs: performance.now() - startedAt, isDecoded })
    if (decoder !== false) await decoder.collectGarbage()
  }
  return decodings
}

async function run ({ pixels, files, batchSize, encoded }: Exclude<SessionRequest, 'end'>): Promise<BatchOutcome> {
  const decodings = encoded.length === 0 ? [] : await decodeInto(pixels, files, encoded, performance.now())
  if (decodings.length === batchSize && decodings.every(({ isDecoded }) => !isDecoded)) return { logits: new Float32Array(), decodings }
  const input = new ort.Tensor('uint8', pixels.subarray(0, batchSize * imageLength), [batchSize, cropSize, cropSize, 3])
  const outputs = await session.run({ pixels: input })
  return { logits: outputs['logits']!.data as Float32Array<ArrayBuffer>, decodings }
}

async function serve (request: SessionRequest): Promise<void> {
  if (request === 'end') {
    port.close()
    return
  }
  const { pixels, files } = request
  try {
    const outcome = await run(request)
    port.postMessage({ ...outcome, pixels, files } satisfies RunResponse, [outcome.logits.buffer, pixels.buffer, files.buffer])
  } catch (error) {
    port.postMessage({ error: String(error), pixels, files } satisfies RunResponse, [pixels.buffer, files.buffer])
  }
}

/** Requests one after another: an end that overtook a batch would close the port before its response. */
let served = Promise.resolve()
port.on('message', (request: SessionRequest) => {
  served = served.then(async () => await serve(request))
})
port.postMessage('created')
