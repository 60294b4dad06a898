import { batchNormEpsilon, type ConvBn } from '../ghostnet.ts'
import type { StateDict, Tensor } from '../weights/state-dict.ts'

/** A convolution's weights, with every linear operation after it folded in, in float64 until the graph rounds them once. */
export interface FoldedConvolution {
  readonly outputs: number
  /** Input channels per group: 1 for a depthwise convolution. */
  readonly inputs: number
  readonly kernel: number
  /** Weights: [outputs, inputs, kernel, kernel]. */
  readonly weight: Float64Array
  /** Biases: [outputs]. */
  readonly bias: Float64Array
}

export function tensorOf (weights: StateDict, name: string): Tensor {
  const tensor = weights.get(name)
  if (tensor === undefined) throw new Error(`The state dict has no tensor ${name}.`)
  return tensor
}

/** A convolution or fully connected layer with its own bias. */
export function readConvolution (weights: StateDict, name: string): FoldedConvolution {
  const { shape, data } = tensorOf(weights, `${name}.weight`)
  const [outputs = 0, inputs = 0, kernel = 1] = shape
  return { outputs, inputs, kernel, weight: Float64Array.from(data), bias: Float64Array.from(tensorOf(weights, `${name}.bias`).data) }
}

/** The convolution that equals `conv` followed by batch norm: W' = W g / sqrt(v + eps), b' = b - m g / sqrt(v + eps). */
export function foldBatchNorm (weights: StateDict, { conv, bn }: ConvBn): FoldedConvolution {
  const { shape, data } = tensorOf(weights, `${conv}.weight`)
  const [outputs = 0, inputs = 0, kernel = 1] = shape
  const [scale, shift, mean, variance] =
    ['weight', 'bias', 'running_mean', 'running_var'].map((leaf) => tensorOf(weights, `${bn}.${leaf}`).data) as
      [Float32Array, Float32Array, Float32Array, Float32Array]

  const filterLength = inputs * kernel * kernel
  const weight = new Float64Array(data.length)
  const bias = new Float64Array(outputs)
  for (let output = 0; output < outputs; output++) {
    const factor = scale[output]! / Math.sqrt(variance[output]! + batchNormEpsilon)
    bias[output] = shift[output]! - mean[output]! * factor
    for (let i = output * filterLength; i < (output + 1) * filterLength; i++) weight[i] = data[i]! * factor
  }
  return { outputs, inputs, kernel, weight, bias }
}

/** The convolution that equals scaling input channel i by `factors[i]` before it. */
export function foldInputScale (convolution: FoldedConvolution, factors: readonly number[]): FoldedConvolution {
  const area = convolution.kernel ** 2
  const weight = convolution.weight.map((value, i) => value * factors[Math.floor(i / area) % convolution.inputs]!)
  return { ...convolution, weight }
}

/** Marks a channel that exists only to fill a block: its values are zero. */
export const padding = -1

/**
 * The convolution between reordered, repeated or padded channels.
 *
 * @param outputs - The old output channel of each new one, or `padding`.
 * @param inputs - Likewise for input channels; left out for a depthwise convolution.
 */
export function gatherChannels (convolution: FoldedConvolution, outputs: readonly number[], inputs?: readonly number[]): FoldedConvolution {
  const area = convolution.kernel ** 2
  const columns = inputs ?? [0]
  const weight = new Float64Array(outputs.length * columns.length * area)
  const bias = new Float64Array(outputs.length)
  for (const [o, output] of outputs.entries()) {
    if (output === padding) continue
    bias[o] = convolution.bias[output]!
    for (const [i, input] of columns.entries()) {
      if (input === padding) continue
      const from = (output * convolution.inputs + input) * area
      weight.set(convolution.weight.subarray(from, from + area), (o * columns.length + i) * area)
    }
  }
  return { outputs: outputs.length, inputs: columns.length, kernel: convolution.kernel, weight, bias }
}
