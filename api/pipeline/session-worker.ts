/**
 * A worker thread that owns one ONNX Runtime session. `run` and `create` are synchronous native calls (behind a `setImmediate`):
 * on the main thread they would stop uploads, timers and probes.
 */
import { constants, getPriority, platform, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import type { ExecutionProvider } from '../execution-provider/execution-provider.ts'

export interface SessionWorkerData {
  /** Encoded ONNX model. */
  readonly graphFile: string
  readonly executionProvider: ExecutionProvider
  readonly intraOpNumThreads: number
  readonly cropSize: number
}

/** uint8 [at least batchSize, cropSize, cropSize, 3], transferred; 'end' lets the thread end once it is idle. */
export type SessionRequest = { readonly pixels: Uint8Array<ArrayBuffer>, readonly batchSize: number } | 'end'

/** float32 [batchSize, classes], or why there is none; and the request's pixels, to be used again. All transferred. */
export type RunAnswer = ({ readonly logits: Float32Array } | { readonly error: string }) & { readonly pixels: Uint8Array<ArrayBuffer> }

const { graphFile, executionProvider, intraOpNumThreads, cropSize } = workerData as SessionWorkerData
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

port.on('message', (request: SessionRequest) => {
  if (request === 'end') {
    port.close()
    return
  }
  const { pixels, batchSize } = request
  const input = new ort.Tensor('uint8', pixels.subarray(0, batchSize * cropSize * cropSize * 3), [batchSize, cropSize, cropSize, 3])
  session.run({ pixels: input }).then((outputs) => {
    const logits = outputs['logits']!.data as Float32Array<ArrayBuffer>
    port.postMessage({ logits, pixels } satisfies RunAnswer, [logits.buffer, pixels.buffer])
  }, (error: unknown) => {
    port.postMessage({ error: String(error), pixels } satisfies RunAnswer, [pixels.buffer])
  })
})
port.postMessage('created')
