/**
 * The network as in the paper: one tensor per feature map, a Concat in every Ghost module. For GPUs, for processors on which
 * onnxruntime has no blocked layout, and for other tools.
 */
import type { GhostNetLayers } from '../ghostnet.ts'
import type { StateDict } from '../weights/state-dict.ts'
import { foldBatchNorm, foldInputScale, readConvolution } from './folded-convolution.ts'
import type { GraphBuilder, Value } from './graph-builder.ts'
import * as op from './operators.ts'

/** A feature map [N, channels, H, W]. */
interface PlainFeatures { readonly value: Value, readonly channels: number }

export function plainLayout (
  graph: GraphBuilder, weights: StateDict, cropSize: number, normalisation: op.Normalisation
): GhostNetLayers<PlainFeatures> {
  return {
    stem ({ conv, bn }, channels) {
      const folded = foldInputScale(foldBatchNorm(weights, { conv, bn }), op.inputScale(normalisation))
      const pixels = op.centredPixels(graph, cropSize, normalisation)
      return { channels, value: op.relu(graph, bn, op.convolution(graph, conv, pixels, folded, { stride: 2 })) }
    },
    ghost (x, name, channels, relu) {
      const half = (module: string, input: Value, depthwise: boolean): Value => {
        const conv = `${name}.${module}.0`
        const folded = foldBatchNorm(weights, { conv, bn: `${name}.${module}.1` })
        const output = op.convolution(graph, conv, input, folded, { depthwise })
        return relu ? op.relu(graph, `${name}.${module}.2`, output) : output
      }
      const primary = half('primary_conv', x.value, false)
      const cheap = half('cheap_operation', primary, true)
      return { channels, value: op.concat(graph, name, [primary, cheap]) }
    },
    depthwise ({ value, channels }, names, stride) {
      const folded = foldBatchNorm(weights, names)
      return { channels, value: op.convolution(graph, names.conv, value, folded, { stride, depthwise: true }) }
    },
    squeezeExcite ({ value, channels }, name) {
      const dense = (layer: string, x: Value): Value => op.convolution(graph, `${name}.${layer}`, x, readConvolution(weights, `${name}.${layer}`))
      const pooled = op.globalAveragePool(graph, `${name}.pool`, value)
      const reduced = op.relu(graph, `${name}.relu`, dense('conv_reduce', pooled))
      const gate = op.hardSigmoid(graph, `${name}.gate`, dense('conv_expand', reduced))
      return { channels, value: op.multiply(graph, name, value, gate) }
    },
    projection (x, names, channels) {
      return { channels, value: op.convolution(graph, names.conv, x.value, foldBatchNorm(weights, names)) }
    },
    add (x, shortcut) {
      return { channels: x.channels, value: op.add(graph, `${x.value}.sum`, x.value, shortcut.value) }
    },
    pointwise (x, names, channels) {
      const output = op.convolution(graph, names.conv, x.value, foldBatchNorm(weights, names))
      return { channels, value: op.relu(graph, names.bn, output) }
    },
    head (x, name, channels) {
      const pooled = op.globalAveragePool(graph, `${name}.pool`, x.value)
      const output = op.convolution(graph, name, pooled, readConvolution(weights, name))
      return { channels, value: op.relu(graph, `${name}.relu`, output) }
    },
    classifier (x, name, classes) {
      return { channels: classes, value: op.classify(graph, name, x.value, readConvolution(weights, name)) }
    },
  }
}
