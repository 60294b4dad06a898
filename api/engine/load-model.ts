import type { Label } from '../../models/manifest/labels.ts'
import { findGraph } from '../../models/manifest/graph-index.ts'
import { readModelDirectory, type Manifest } from '../../models/manifest/manifest.ts'
import type { Layout } from '../../models/onnx/layout.ts'
import { findModelDirectory } from '../../models/manifest/model-store.ts'
import { chooseGpuLayout } from '../machine/execution-provider/choose-gpu-layout.ts'
import type { ExecutionProvider } from '../config.ts'
import { chooseLayout } from '../machine/choose-layout.ts'

export interface LoadedModel {
  readonly manifest: Manifest
  readonly labels: readonly Label[]
  /** Divisor of the logits before the softmax. */
  readonly temperature: number
  /** First 12 hexadecimal digits of the weights' sha256. */
  readonly version: string
  readonly layout: Layout
  /** Path of the encoded ONNX model. */
  readonly graphFile: string
}

/** Digits of the weights' digest in a version. */
export const versionLength = 12

/**
 * Loads a model and the graph that suits its execution provider.
 *
 * @throws ModelError if there is no such model, or its parts do not fit together.
 */
export async function loadModel (model: string, modelDir: string, layoutChoice: Layout | 'auto', provider: ExecutionProvider = 'cpu'): Promise<LoadedModel> {
  const directory = findModelDirectory(model, modelDir)
  const { manifest, labels } = await readModelDirectory(directory)
  const chooseBest = async (): Promise<Layout> => provider === 'cpu' ? chooseLayout() : await chooseGpuLayout(provider, directory)
  const layout = layoutChoice === 'auto' ? await chooseBest() : layoutChoice
  const graphFile = await findGraph(directory, manifest, layout)
  const { temperature = 1 } = manifest
  return { manifest, labels, temperature, version: manifest.weights.sha256.slice(0, versionLength), layout, graphFile }
}
