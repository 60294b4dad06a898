import { composeGhostNet, type GhostNet } from '../ghostnet.ts'
import type { StateDict } from '../weights/state-dict.ts'
import { blockedLayout } from './blocked-layout.ts'
import { GraphBuilder } from './graph-builder.ts'
import type { Layout } from './layout.ts'
import type { Normalisation } from './operators.ts'
import { plainLayout } from './plain-layout.ts'

export interface GraphSource {
  /** Weights under the official names, complete for the network. */
  readonly weights: StateDict
  readonly network: GhostNet
  /** Side of the square input in pixels. */
  readonly cropSize: number
  readonly normalisation: Normalisation
}

/**
 * Builds the network as an ONNX model: `pixels` uint8 [N, cropSize, cropSize, 3] -> `logits` float32 [N, classes].
 *
 * @param metadata - Stored in the model's metadata properties.
 * @returns The encoded model.
 */
export function buildGraph (
  source: GraphSource, layout: Layout, producerVersion: string, metadata: Record<string, string> = {}
): Uint8Array {
  return composeGraph(source, layout).encode(producerVersion, { layout, ...metadata })
}

export function composeGraph ({ weights, network, cropSize, normalisation }: GraphSource, layout: Layout): GraphBuilder {
  const graph = new GraphBuilder(`ghostnet-${network.width}-${layout}`)
  switch (layout) {
    case 'plain':
      composeGhostNet(network, plainLayout(graph, weights, cropSize, normalisation))
      break
    case 'plain-fp16':
      composeGhostNet(network, plainLayout(graph, weights, cropSize, normalisation))
      graph.lowerPrecision(staysFloat32)
      break
    case 'blocked8':
      composeGhostNet(network, blockedLayout(graph, weights, cropSize, normalisation, 8))
      break
    case 'blocked16':
      composeGhostNet(network, blockedLayout(graph, weights, cropSize, normalisation, 16))
  }
  return graph
}

/**
 * Nodes that stay in float32: the input; each squeeze-excite up to its gate, whose mean over the map sums up to hundreds of values;
 * and everything from the last mean to the logits. They are few of the multiply-accumulates, and where float16 costs the most.
 */
const staysFloat32 = (node: string): boolean => /^pixels\/|\.se\.|^conv_head|^classifier|^logits$/.test(node)
