/**
 * The same network for onnxruntime's CPU provider, which keeps convolutions in blocks of channels (16 with AVX-512, 8 with AVX2)
 * and pays a reorder wherever a tensor leaves that layout: at a Concat, at a depthwise convolution whose channels do not fill
 * blocks, at the gate of a squeeze-excite. Here a feature map is several tensors, each padded to whole blocks, and none of
 * these occurs:
 *
 * - a Ghost module's halves stay apart; a 1x1 convolution of two tensors is the sum of two convolutions. With blocks of 8 that is so
 *   for a bottleneck's wide maps only: its narrow ends are joined by a Concat of whole blocks, which costs less there than the
 *   second pass of the next module's wide convolution (docs/decisions/0003);
 * - where a half (or what is left of it beyond whole blocks) fits into half a block, primary and cheap channels share one tensor:
 *   the primary convolution writes its channels twice and one depthwise convolution carries a centred delta for the first copy
 *   and the cheap kernels for the second. Exact, since relu(relu(x)) = relu(x);
 * - the gate is spread over the map before the product, whose operands then have equal shapes.
 */
import type { GhostNetLayers } from '../ghostnet.ts'
import type { StateDict } from '../weights/state-dict.ts'
import { foldBatchNorm, foldInputScale, gatherChannels, padding, readConvolution, type FoldedConvolution } from './folded-convolution.ts'
import type { GraphBuilder, Value } from './graph-builder.ts'
import * as op from './operators.ts'

/** A tensor [N, channels.length, H, W] and the network's channel that each of its channels holds. */
interface Part { readonly value: Value, readonly channels: readonly number[] }

/** A feature map [N, channels, size, size] in parts. */
interface BlockedFeatures { readonly parts: readonly Part[], readonly channels: number, readonly size: number }

/** Below this map size three tensors cost more than the padding that they save (measured at 0.5x and 1.0x, batch 1 and 8). */
const minRemainderMap = 28

export function blockedLayout (
  graph: GraphBuilder, weights: StateDict, cropSize: number, normalisation: op.Normalisation, block: 8 | 16
): GhostNetLayers<BlockedFeatures> {
  const fillBlocks = (channels: readonly number[]): number[] =>
    [...channels, ...Array<number>(Math.ceil(channels.length / block) * block - channels.length).fill(padding)]

  /** How many channels of a Ghost module's half live in tensors of their own; the rest shares one with its cheap channels. */
  const separateChannels = (half: number, size: number): number => {
    const remainder = half % block
    if (remainder === 0 || remainder > block / 2) return half
    if (half < block) return 0
    return size >= minRemainderMap ? half - remainder : half
  }

  /** The channels of each part of a Ghost module's output. */
  const ghostParts = (channels: number, size: number): { primary: number[], cheap: number[], shared: number[] } => {
    const half = channels / 2
    const separate = separateChannels(half, size)
    return {
      primary: range(0, separate),
      cheap: range(half, half + separate),
      shared: [...range(separate, half), ...range(half + separate, channels)],
    }
  }

  const joinsNarrowMaps = block === 8

  /** A narrow map in the parts that a Ghost module of the same size would make, so that the two can be added. */
  const inGhostParts = (channels: number, size: number, make: (part: string, outputs: readonly number[]) => Value): BlockedFeatures => {
    const parts = Object.entries(ghostParts(channels, size)).filter(([, held]) => held.length > 0)
      .map(([part, held]) => ({ part, outputs: fillBlocks(held) }))
    const made = joinsNarrowMaps ? [{ part: 'joined', outputs: parts.flatMap(({ outputs }) => outputs) }] : parts
    return { parts: made.map(({ part, outputs }) => ({ value: make(part, outputs), channels: outputs })), channels, size }
  }

  /** 1x1 convolution: one for each part of the input, summed. */
  const pointwise = (x: BlockedFeatures, name: string, folded: FoldedConvolution, outputs: readonly number[]): Value => {
    let sum: Value | undefined
    for (const [i, { value, channels }] of x.parts.entries()) {
      const last = i === x.parts.length - 1
      const partial = op.convolution(graph, `${name}/${i}`, value, gatherChannels(folded, outputs, channels), { bias: last })
      sum = sum === undefined ? partial : op.add(graph, `${name}/${i}.sum`, partial, sum)
    }
    return sum!
  }

  const onEachPart = (x: BlockedFeatures, apply: (part: Part, index: number) => Value): BlockedFeatures =>
    ({ ...x, parts: x.parts.map((part, i) => ({ ...part, value: apply(part, i) })) })

  return {
    stem ({ conv, bn }, channels) {
      const folded = foldInputScale(foldBatchNorm(weights, { conv, bn }), op.inputScale(normalisation))
      const pixels = op.centredPixels(graph, cropSize, normalisation)
      return inGhostParts(channels, Math.ceil(cropSize / 2), (part, outputs) => {
        const convolved = op.convolution(graph, `${conv}/${part}`, pixels, gatherChannels(folded, outputs, [0, 1, 2]), { stride: 2 })
        return op.relu(graph, `${bn}/${part}`, convolved)
      })
    },
    ghost (x, name, channels, relu) {
      const primary = foldBatchNorm(weights, { conv: `${name}.primary_conv.0`, bn: `${name}.primary_conv.1` })
      const cheap = foldBatchNorm(weights, { conv: `${name}.cheap_operation.0`, bn: `${name}.cheap_operation.1` })
      const activate = (node: string, value: Value): Value => relu ? op.relu(graph, node, value) : value
      const layout = ghostParts(channels, x.size)
      const half = channels / 2
      const parts: Part[] = []

      if (layout.primary.length > 0) {
        const outputs = fillBlocks(layout.primary)
        const value = activate(`${name}.primary_conv.2`, pointwise(x, `${name}.primary_conv.0`, primary, outputs))
        const folded = gatherChannels(cheap, outputs)
        const ghosts = op.convolution(graph, `${name}.cheap_operation.0`, value, folded, { depthwise: true })
        parts.push({ value, channels: outputs })
        parts.push({ value: activate(`${name}.cheap_operation.2`, ghosts), channels: fillBlocks(layout.cheap) })
      }
      if (layout.shared.length > 0) {
        const copies = fillBlocks(layout.shared.map((channel) => channel % half))
        const value = activate(`${name}.primary_conv.2/shared`, pointwise(x, `${name}.primary_conv.0/shared`, primary, copies))
        const folded = keepChannels(gatherChannels(cheap, copies), layout.shared.length / 2)
        const both = op.convolution(graph, `${name}.cheap_operation.0/shared`, value, folded, { depthwise: true })
        parts.push({ value: activate(`${name}.cheap_operation.2/shared`, both), channels: fillBlocks(layout.shared) })
      }
      const isWide = relu // only a bottleneck's first module has an activation
      if (isWide || !joinsNarrowMaps || parts.length === 1) return { parts, channels, size: x.size }
      const joined = op.concat(graph, `${name}.joined`, parts.map(({ value }) => value))
      return { parts: [{ value: joined, channels: parts.flatMap((part) => part.channels) }], channels, size: x.size }
    },
    depthwise (x, names, stride) {
      const folded = foldBatchNorm(weights, names)
      const convolved = onEachPart(x, ({ value, channels }, i) =>
        op.convolution(graph, `${names.conv}/${i}`, value, gatherChannels(folded, channels), { stride, depthwise: true }))
      return { ...convolved, size: Math.ceil(x.size / stride) }
    },
    squeezeExcite (x, name, reducedChannels) {
      const pools = x.parts.map(({ value }, i) => op.globalAveragePool(graph, `${name}.pool/${i}`, value))
      const pooled = pools.length === 1 ? pools[0]! : op.concat(graph, `${name}.pool`, pools)
      const held = x.parts.flatMap(({ channels }) => channels)
      const middle = fillBlocks(range(0, reducedChannels))
      const reduce = gatherChannels(readConvolution(weights, `${name}.conv_reduce`), middle, held)
      const reduced = op.relu(graph, `${name}.relu`, op.convolution(graph, `${name}.conv_reduce`, pooled, reduce))
      const expand = readConvolution(weights, `${name}.conv_expand`)
      return onEachPart(x, ({ value, channels }, i) => {
        const expanded = op.convolution(graph, `${name}.conv_expand/${i}`, reduced, gatherChannels(expand, channels, middle))
        const gate = op.hardSigmoid(graph, `${name}.gate/${i}`, expanded)
        return op.multiply(graph, `${name}/${i}`, value, op.spread(graph, `${name}.spread/${i}`, gate, channels.length, x.size))
      })
    },
    projection (x, names, channels) {
      const folded = foldBatchNorm(weights, names)
      return inGhostParts(channels, x.size, (part, outputs) => pointwise(x, `${names.conv}/${part}`, folded, outputs))
    },
    add (x, shortcut) {
      return onEachPart(x, ({ value }, i) => op.add(graph, `${value}.shortcut`, value, shortcut.parts[i]!.value))
    },
    pointwise (x, names, channels) {
      const outputs = fillBlocks(range(0, channels))
      const value = op.relu(graph, names.bn, pointwise(x, names.conv, foldBatchNorm(weights, names), outputs))
      return { parts: [{ value, channels: outputs }], channels, size: x.size }
    },
    head (x, name, channels) {
      const outputs = range(0, channels)
      const pooled = onEachPart(x, ({ value }, i) => op.globalAveragePool(graph, `${name}.pool/${i}`, value))
      const output = pointwise(pooled, name, readConvolution(weights, name), outputs)
      return { parts: [{ value: op.relu(graph, `${name}.relu`, output), channels: outputs }], channels, size: 1 }
    },
    classifier (x, name, classes) {
      const value = op.classify(graph, name, x.parts[0]!.value, readConvolution(weights, name))
      return { parts: [{ value, channels: range(0, classes) }], channels: classes, size: 1 }
    },
  }
}

function range (from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

/** Replaces the first `count` kernels of a depthwise convolution by a centred delta: these channels pass unchanged. */
function keepChannels (convolution: FoldedConvolution, count: number): FoldedConvolution {
  const area = convolution.kernel ** 2
  const weight = convolution.weight.slice()
  const bias = convolution.bias.slice()
  weight.fill(0, 0, count * area)
  bias.fill(0, 0, count)
  for (let channel = 0; channel < count; channel++) weight[channel * area + (area - 1) / 2] = 1
  return { ...convolution, weight, bias }
}
