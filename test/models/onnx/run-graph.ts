import '../../../models/onnx/no-telemetry.ts'
import * as ort from 'onnxruntime-node'

/** Logits of a batch, float32 [batchSize x classes], from a graph run on one thread. */
export async function runGraph (graph: Uint8Array, pixels: Uint8Array, cropSize: number): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(graph, { intraOpNumThreads: 1, interOpNumThreads: 1 })
  const batchSize = pixels.length / (cropSize * cropSize * 3)
  const { logits } = await session.run({ pixels: new ort.Tensor('uint8', pixels, [batchSize, cropSize, cropSize, 3]) })
  await session.release()
  return logits!.data as Float32Array
}

/** Largest difference relative to the largest expected logit. */
export function relativeDifference (logits: ArrayLike<number>, expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs))
  return Math.max(...expected.map((value, i) => Math.abs((logits[i] ?? NaN) - value))) / largest
}
