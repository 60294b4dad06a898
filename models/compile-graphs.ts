/** Weights of a model directory -> its graphs, each run once and compared with the recorded logits. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import './onnx/no-telemetry.ts'
import * as ort from 'onnxruntime-node'
import { sha256Of } from './manifest/sha256.ts'
import { countGhostNet } from './ghostnet.ts'
import { graphIndexFile, graphPath, type GraphIndex } from './manifest/graph-index.ts'
import { modelFiles, readManifest, type Manifest } from './manifest/manifest.ts'
import { ModelError } from './manifest/model-error.ts'
import { buildGraph, type GraphSource } from './onnx/build-graph.ts'
import { layouts } from './onnx/layout.ts'
import { packageVersion } from './package-root.ts'
import { selfTestDeviation, selfTestPixels, selfTestTolerance } from './manifest/self-test.ts'
import { readCheckpoint } from './weights/read-checkpoint.ts'

/**
 * Writes `graphs/` of a model directory from its weights and manifest.
 *
 * @throws ModelError if the weights are not those of the manifest, or a graph does not give the recorded self-test logits.
 */
export async function compileGraphs (directory: string): Promise<void> {
  const manifest = await readManifest(directory)
  const { width, classes, preprocessing, weights: { sha256 } } = manifest
  const bytes = await readFile(join(directory, modelFiles.weights))
  const found = sha256Of(bytes)
  if (found !== sha256) {
    throw new ModelError(`The weights of ${directory} are not those of its manifest: expected sha256 ${sha256}, got ${found}.`)
  }
  const { tensors } = await readCheckpoint(bytes)
  const source = { weights: tensors, network: { width, classes }, cropSize: preprocessing.cropSize, normalisation: preprocessing }

  const indexPath = join(directory, modelFiles.graphs, graphIndexFile)
  await mkdir(join(directory, modelFiles.graphs), { recursive: true })
  await rm(indexPath, { force: true }) // graphs without an index were interrupted
  const graphs: GraphIndex['graphs'] = {}
  for (const layout of layouts) {
    const graph = buildGraph(source, layout, packageVersion, { weightsSha256: sha256 })
    const deviation = selfTestDeviation(manifest.selfTest, await runSelfTest(graph, preprocessing.cropSize))
    if (deviation > selfTestTolerance(layout)) {
      throw new ModelError(
        `The ${layout} graph of ${directory} deviates by ${deviation.toExponential(1)} from the recorded self-test, expected at most ${selfTestTolerance(layout)}.`)
    }
    await writeFile(graphPath(directory, layout), graph)
    graphs[layout] = { sha256: sha256Of(graph) }
  }
  const index: GraphIndex = { weightsSha256: sha256, graphs }
  await writeFile(indexPath, `${JSON.stringify(index, null, 2)}\n`)
}

/** The plain graph's logits for the self-test image, float32 [classes]: those to record for a new model. */
export async function selfTestLogits (source: GraphSource): Promise<Float32Array> {
  return await runSelfTest(buildGraph(source, 'plain', packageVersion), source.cropSize)
}

async function runSelfTest (graph: Uint8Array, cropSize: number): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(graph, { intraOpNumThreads: 1, interOpNumThreads: 1 })
  try {
    const pixels = new ort.Tensor('uint8', selfTestPixels(cropSize), [1, cropSize, cropSize, 3])
    const { logits } = await session.run({ pixels })
    return logits?.data as Float32Array
  } finally {
    await session.release()
  }
}

/** The part of a manifest that follows from the network alone. */
export function describeNetwork (source: GraphSource): Pick<Manifest, 'architecture' | 'width' | 'classes' | 'parameters' | 'macs'> {
  const { learnableParameters, macs } = countGhostNet(source.network, source.cropSize)
  return { architecture: 'ghostnet', ...source.network, parameters: learnableParameters, macs }
}
