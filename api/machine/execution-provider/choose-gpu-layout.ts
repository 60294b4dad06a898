import type { ExecutionProvider } from '../../config.ts'
import { graphPath } from '../../../models/manifest/graph-index.ts'
import type { Layout } from '../../../models/onnx/layout.ts'
import { explainNoSession } from './explain-no-session.ts'

/**
 * Chooses float16 if the device computes in it. WebGPU's devices may lack it (`shader-f16`), which shows only when onnxruntime
 * fails to make a session. TensorRT chooses precisions itself, from the float32 graph.
 *
 * @param directory - Directory of the model.
 */
export async function chooseGpuLayout (
  provider: Exclude<ExecutionProvider, 'cpu'>, directory: string, explain: typeof explainNoSession = explainNoSession
): Promise<Layout> {
  switch (provider) {
    case 'cuda': return 'plain-fp16'
    case 'tensorrt': return 'plain'
    case 'webgpu': return await explain(provider, graphPath(directory, 'plain-fp16')) === undefined ? 'plain-fp16' : 'plain'
  }
}
