/** ONNX operators as this network uses them; a node is named after the module of the state dict that it computes. */
import { DataType } from './onnx-proto.ts'
import type { FoldedConvolution } from './folded-convolution.ts'
import type { GraphBuilder, Value } from './graph-builder.ts'

export interface Normalisation {
  /** Normalisation of RGB in [0, 1]. */
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
}

/**
 * uint8 pixels [N, H, W, 3] -> float32 [N, 3, H, W], less 255 x mean.
 * The rest of the normalisation, 1 / (255 x std), belongs in the stem's weights (`inputScale`).
 * Its zero padding then means what it means in training: zero behind the normalisation.
 */
export function centredPixels (graph: GraphBuilder, cropSize: number, { mean }: Normalisation): Value {
  const pixels = graph.input('pixels', DataType.uint8, ['N', cropSize, cropSize, 3])
  const floats = graph.node('pixels/float', 'Cast', [pixels], { to: { int: DataType.float32 } })
  const planes = graph.node('pixels/planes', 'Transpose', [floats], { perm: { ints: [0, 3, 1, 2] } })
  const offset = graph.constant('pixels/mean', [1, 3, 1, 1], mean.map((value) => value * 255))
  return graph.node('pixels/centred', 'Sub', [planes, offset])
}

export function inputScale ({ std }: Normalisation): number[] {
  return std.map((value) => 1 / (255 * value))
}

interface ConvolutionOptions { readonly stride?: number, readonly depthwise?: boolean, readonly bias?: boolean }

/** Convolution with padding (kernel - 1) / 2. */
export function convolution (
  graph: GraphBuilder, name: string, x: Value, { outputs, inputs, kernel, weight, bias }: FoldedConvolution,
  { stride = 1, depthwise = false, bias: withBias = true }: ConvolutionOptions = {}
): Value {
  const pad = (kernel - 1) / 2
  const constants = [graph.constant(`${name}.weight`, [outputs, inputs, kernel, kernel], weight)]
  if (withBias) constants.push(graph.constant(`${name}.bias`, [outputs], bias))
  return graph.node(name, 'Conv', [x, ...constants], {
    group: { int: depthwise ? outputs : 1 },
    kernel_shape: { ints: [kernel, kernel] },
    pads: { ints: [pad, pad, pad, pad] },
    strides: { ints: [stride, stride] },
  })
}

export const relu = (graph: GraphBuilder, name: string, x: Value): Value => graph.node(name, 'Relu', [x])

export const add = (graph: GraphBuilder, name: string, a: Value, b: Value): Value => graph.node(name, 'Add', [a, b])

export const multiply = (graph: GraphBuilder, name: string, a: Value, b: Value): Value => graph.node(name, 'Mul', [a, b])

/** Concat along the channels. */
export const concat = (graph: GraphBuilder, name: string, parts: readonly Value[]): Value =>
  graph.node(name, 'Concat', parts, { axis: { int: 1 } })

/** Mean over the map: [N, C, H, W] -> [N, C, 1, 1]. */
export const globalAveragePool = (graph: GraphBuilder, name: string, x: Value): Value => graph.node(name, 'GlobalAveragePool', [x])

/** HardSigmoid: relu6(x + 3) / 6. ONNX's default slope, 0.2, is another function. */
export const hardSigmoid = (graph: GraphBuilder, name: string, x: Value): Value =>
  graph.node(name, 'HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } })

/** Spread over the map: [N, C, 1, 1] -> [N, C, size, size]. */
export function spread (graph: GraphBuilder, name: string, x: Value, channels: number, size: number): Value {
  const scales = graph.constant(`${name}.scales`, [4], [1, 1, size, size])
  const spreaded = graph.node(name, 'Resize', [x, '', scales], {
    mode: { string: 'nearest' },
    coordinate_transformation_mode: { string: 'asymmetric' },
    nearest_mode: { string: 'floor' },
  })
  // onnxruntime keeps Resize and what follows in its blocked layout only if it knows this shape.
  graph.declareShape(spreaded, ['N', channels, size, size])
  return spreaded
}

/** Fully connected layer: [N, C, 1, 1] -> logits [N, classes], the graph's output. */
export function classify (graph: GraphBuilder, name: string, x: Value, { outputs, inputs, weight, bias }: FoldedConvolution): Value {
  const features = graph.node(`${name}.features`, 'Flatten', [x], { axis: { int: 1 } })
  const constants = [graph.constant(`${name}.weight`, [outputs, inputs], weight), graph.constant(`${name}.bias`, [outputs], bias)]
  const logits = graph.node('logits', 'Gemm', [features, ...constants], { transB: { int: 1 } })
  graph.output(logits, DataType.float32, ['N', outputs])
  return logits
}
