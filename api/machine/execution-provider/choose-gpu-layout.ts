import type { ExecutionProvider } from '../../config.ts'
import { graphPath } from '../../../models/manifest/graph-index.ts'
import type { Layout } from '../../../models/onnx/layout.ts'
import { explainNoSession } from './explain-no-session.ts'

/**
 * float16 where the device computes in it. WebGPU's devices may lack it (`shader-f16`), and onnxruntime tells only by refusing to make a
 * session. TensorRT chooses precisions by itself, from the float32 graph.
 *
 * @param directory - Of the model.
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
