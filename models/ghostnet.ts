/**
 * GhostNet: More Features from Cheap Operations (Han et al., CVPR 2020, arXiv 1911.11907), the whole network in one file.
 *
 * `composeGhostNet` is written once over an abstract set of layers. What the network *means* is chosen by the interpreter:
 * `describeGhostNet` below lists tensors, parameters and multiply-accumulates; `onnx/plain-layout.ts` and
 * `onnx/blocked-layout.ts` emit graphs. Names follow the official PyTorch state dict.
 */

/** A bottleneck's row in table 1 of the paper. `kernel` is that of the stride-2 and shortcut depthwise convolutions. */
interface Row {
  readonly kernel: 3 | 5
  readonly expansion: number
  readonly channels: number
  readonly squeezeExcite: boolean
  readonly stride: 1 | 2
}

const row = (kernel: 3 | 5, expansion: number, channels: number, squeezeExcite: boolean, stride: 1 | 2): Row =>
  ({ kernel, expansion, channels, squeezeExcite, stride })

const stages: ReadonlyArray<readonly Row[]> = [
  // kernel, expansion, channels, SE, stride                            map at 224
  [row(3, 16, 16, false, 1)], //                                        112
  [row(3, 48, 24, false, 2)], //                                         56
  [row(3, 72, 24, false, 1)],
  [row(5, 72, 40, true, 2)], //                                          28
  [row(5, 120, 40, true, 1)],
  [row(3, 240, 80, false, 2)], //                                        14
  [
    row(3, 200, 80, false, 1),
    row(3, 184, 80, false, 1),
    row(3, 184, 80, false, 1),
    row(3, 480, 112, true, 1),
    row(3, 672, 112, true, 1),
  ],
  [row(5, 672, 160, true, 2)], //                                         7
  [
    row(5, 960, 160, false, 1),
    row(5, 960, 160, true, 1),
    row(5, 960, 160, false, 1),
    row(5, 960, 160, true, 1),
  ],
]

const stemChannels = 16
const lastChannels = 960
const headChannels = 1280 // not scaled by the width
const squeezeRatio = 0.25

/** Batch norm's epsilon in every published implementation. */
export const batchNormEpsilon = 1e-5

export interface GhostNet {
  /** Width multiplier: 0.5, 1.0 and 1.3 are the published ones. */
  readonly width: number
  readonly classes: number
}

/** A convolution without bias and the batch norm behind it, by their names in the state dict. */
export interface ConvBn { readonly conv: string, readonly bn: string }

/** What an interpreter of the network provides. `T` is its idea of a feature map. */
export interface GhostNetLayers<T> {
  /** 3x3, stride 2, batch norm, ReLU. */
  stem (names: ConvBn, channels: number): T
  /**
   * Ghost module: a 1x1 convolution makes half of the channels, a cheap 3x3 depthwise convolution of those makes the other half;
   * the output is [primary, cheap]. Batch norm after both, ReLU after both if `relu`.
   */
  ghost (x: T, name: string, channels: number, relu: boolean): T
  /** Depthwise convolution and batch norm, padding (kernel - 1) / 2, no activation. */
  depthwise (x: T, names: ConvBn, stride: number, kernel: number): T
  /** x * hardSigmoid(conv_expand(relu(conv_reduce(mean over the map)))). */
  squeezeExcite (x: T, name: string, reducedChannels: number): T
  /** 1x1 convolution and batch norm, no activation: the end of a shortcut, added to a Ghost module's output. */
  projection (x: T, names: ConvBn, channels: number): T
  add (x: T, shortcut: T): T
  /** 1x1 convolution, batch norm, ReLU. */
  pointwise (x: T, names: ConvBn, channels: number): T
  /** Mean over the map, 1x1 convolution with bias, ReLU. */
  head (x: T, name: string, channels: number): T
  /** Fully connected, with bias: logits. */
  classifier (x: T, name: string, classes: number): T
}

/**
 * The nearest multiple of 4, at least 4, and never more than 10 % below the value.
 * All published implementations share it; the guard fires at 0.5x: blocks.3.0 squeezes to 12, where rounding alone gives 8.
 */
export function makeDivisible (value: number): number {
  const nearest = Math.max(4, Math.floor((value + 2) / 4) * 4)
  return nearest < 0.9 * value ? nearest + 4 : nearest
}

/** Runs the network on an interpreter; returns what its `classifier` returns. */
export function composeGhostNet<T extends { readonly channels: number }> ({ width, classes }: GhostNet, layers: GhostNetLayers<T>): T {
  const scale = (channels: number): number => makeDivisible(channels * width)

  let x = layers.stem({ conv: 'conv_stem', bn: 'bn1' }, scale(stemChannels))
  for (const [stage, rows] of stages.entries()) {
    for (const [block, { kernel, stride, ...row }] of rows.entries()) {
      x = bottleneck(x, `blocks.${stage}.${block}`, {
        kernel, stride, squeezeExcite: row.squeezeExcite, expansion: scale(row.expansion), channels: scale(row.channels),
      }, layers)
    }
  }
  const last = `blocks.${stages.length}.0`
  x = layers.pointwise(x, { conv: `${last}.conv`, bn: `${last}.bn1` }, scale(lastChannels))
  x = layers.head(x, 'conv_head', headChannels)
  return layers.classifier(x, 'classifier', classes)
}

function bottleneck<T extends { readonly channels: number }> (input: T, name: string, row: Row, layers: GhostNetLayers<T>): T {
  const { kernel, expansion, channels, stride } = row
  let x = layers.ghost(input, `${name}.ghost1`, expansion, true)
  if (stride === 2) x = layers.depthwise(x, { conv: `${name}.conv_dw`, bn: `${name}.bn_dw` }, stride, kernel)
  if (row.squeezeExcite) x = layers.squeezeExcite(x, `${name}.se`, makeDivisible(expansion * squeezeRatio))
  x = layers.ghost(x, `${name}.ghost2`, channels, false)

  // Decided by the rounded channels: at some very small widths a row that changes channels in the table does not.
  if (stride === 1 && input.channels === channels) return layers.add(x, input)
  const shortcut = layers.depthwise(input, { conv: `${name}.shortcut.0`, bn: `${name}.shortcut.1` }, stride, kernel)
  return layers.add(x, layers.projection(shortcut, { conv: `${name}.shortcut.2`, bn: `${name}.shortcut.3` }, channels))
}

/** One convolution or fully connected layer of a network at a given input size. */
export interface LayerDescription {
  readonly name: string
  readonly kind: 'convolution' | 'depthwise' | 'fully connected'
  readonly kernel: number
  readonly stride: number
  /** Shape [C, H, W] of the output; after a Ghost module's cheap operation that of both halves. */
  readonly output: readonly [number, number, number]
  /** Learnable tensors and their shapes, batch norm's scale and shift among them. */
  readonly parameters: ReadonlyMap<string, readonly number[]>
  /** Batch norm's running mean and variance. */
  readonly statistics: ReadonlyMap<string, readonly number[]>
  /** Multiply-accumulates of the convolution or matrix product for one image. */
  readonly macs: number
}

interface Shape { readonly channels: number, readonly size: number }

/** Every layer of the network for square images of `cropSize` pixels, in the order of execution. */
export function describeGhostNet (network: GhostNet, cropSize = 224): LayerDescription[] {
  const layers: LayerDescription[] = []

  interface Options {
    conv: string,
    bn?: string,
    channels: number,
    output?: number
    kernel?: number,
    stride?: number,
    depthwise?: boolean,
    fullyConnected?: boolean
  }
  const layer = (x: Shape, options: Options): Shape => {
    const { conv, bn, channels, output = channels, kernel = 1, stride = 1, depthwise = false, fullyConnected = false } = options
    const size = Math.ceil(x.size / stride) // symmetric padding of (kernel - 1) / 2
    const inputs = depthwise ? 1 : x.channels
    const weight = fullyConnected ? [channels, inputs] : [channels, inputs, kernel, kernel]
    const vectors = (names: string[]): Array<[string, number[]]> => names.map((name) => [name, [channels]])
    layers.push({
      name: conv,
      kind: fullyConnected ? 'fully connected' : depthwise ? 'depthwise' : 'convolution',
      kernel,
      stride,
      output: [output, size, size],
      parameters: new Map([[`${conv}.weight`, weight], ...vectors(bn === undefined ? [`${conv}.bias`] : [`${bn}.weight`, `${bn}.bias`])]),
      statistics: new Map(bn === undefined ? [] : vectors([`${bn}.running_mean`, `${bn}.running_var`])),
      macs: channels * inputs * kernel * kernel * size * size,
    })
    return { channels: output, size }
  }

  composeGhostNet<Shape>(network, {
    stem: (names, channels) => layer({ channels: 3, size: cropSize }, { ...names, channels, kernel: 3, stride: 2 }),
    ghost: (x, name, channels) => {
      const half = layer(x, { conv: `${name}.primary_conv.0`, bn: `${name}.primary_conv.1`, channels: channels / 2 })
      const cheap = { conv: `${name}.cheap_operation.0`, bn: `${name}.cheap_operation.1`, kernel: 3, depthwise: true }
      return layer(half, { ...cheap, channels: channels / 2, output: channels })
    },
    depthwise: (x, names, stride, kernel) => layer(x, { ...names, channels: x.channels, kernel, stride, depthwise: true }),
    squeezeExcite: (x, name, reducedChannels) => {
      const reduced = layer({ channels: x.channels, size: 1 }, { conv: `${name}.conv_reduce`, channels: reducedChannels })
      layer(reduced, { conv: `${name}.conv_expand`, channels: x.channels })
      return x
    },
    projection: (x, names, channels) => layer(x, { ...names, channels }),
    add: (x) => x,
    pointwise: (x, names, channels) => layer(x, { ...names, channels }),
    head: (x, name, channels) => layer({ channels: x.channels, size: 1 }, { conv: name, channels }),
    classifier: (x, name, classes) => layer(x, { conv: name, channels: classes, fullyConnected: true }),
  })
  return layers
}

export interface GhostNetCounts {
  /** Parameters that an optimiser updates. */
  readonly learnableParameters: number
  /** Running means and variances, which MindCV's tables count among the parameters. */
  readonly batchNormStatistics: number
  /** Multiply-accumulates of convolutions and the classifier for one image. */
  readonly macs: number
}

export function countGhostNet (network: GhostNet, cropSize = 224): GhostNetCounts {
  const elements = (shapes: ReadonlyMap<string, readonly number[]>): number =>
    [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((product, dimension) => product * dimension, 1), 0)
  const layers = describeGhostNet(network, cropSize)
  return {
    learnableParameters: layers.reduce((sum, layer) => sum + elements(layer.parameters), 0),
    batchNormStatistics: layers.reduce((sum, layer) => sum + elements(layer.statistics), 0),
    macs: layers.reduce((sum, layer) => sum + layer.macs, 0),
  }
}

/** Name and shape of every tensor that a checkpoint of the network must hold. */
export function expectedTensors (network: GhostNet): Map<string, readonly number[]> {
  return new Map(describeGhostNet(network).flatMap((layer) => [...layer.parameters, ...layer.statistics]))
}
