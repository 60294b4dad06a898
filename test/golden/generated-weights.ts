// Weights of any GhostNet from nothing but the names and shapes of its tensors; bit-identical to generated_weights.py.
// Draws are 32-bit integers, and the float64 arithmetic on them is exact up to one rounding to float32, so no library's random
// generator and no libm enters.
import type { StateDict, Tensor } from '../../models/weights/state-dict.ts'

// Four uniform 16-bit integers add up to a nearly normal number with this mean and standard deviation.
const sumMean = 2 * 65535
const sumDeviation = Math.sqrt((65536 ** 2 - 1) / 3)
// He's gain keeps activations at their size through ReLU; a larger one at the end sets the logits of two photos apart.
const gain = 2
const classifierGain = 16

/** FNV-1a, 32 bits, of an ASCII name. */
function hashName (name: string): number {
  let digest = 0x811c9dc5
  for (let i = 0; i < name.length; i++) digest = Math.imul(digest ^ name.charCodeAt(i), 0x01000193)
  return digest >>> 0
}

/** The finaliser of MurmurHash3, which turns a counter into uint32 draws. */
function mixBits (counter: number): number {
  let value = counter
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}

/** float32 `[count]`, nearly normal, seeded by the tensor's name. */
function generateValues (name: string, count: number, mean: number, deviation: number): Float32Array {
  const scale = deviation / sumDeviation
  const values = new Float32Array(count)
  let counter = hashName(name)
  for (let i = 0; i < count; i++) {
    const first = mixBits(counter = (counter + 0x9e3779b9) | 0)
    const second = mixBits(counter = (counter + 0x9e3779b9) | 0)
    const sum = (first >>> 16) + (second >>> 16) + (first & 0xffff) + (second & 0xffff) - sumMean
    values[i] = mean + sum * scale
  }
  return values
}

/** A learned tensor: convolutions and the classifier around 0, scales of batch norm around 1, biases around 0. */
export function generateTensor (name: string, shape: readonly number[]): Tensor {
  const count = shape.reduce((product, dimension) => product * dimension, 1)
  const [outputs = 1] = shape
  if (shape.length > 1) {
    const deviation = Math.sqrt((name === 'classifier.weight' ? classifierGain : gain) / (count / outputs))
    return { shape, data: generateValues(name, count, 0, deviation) }
  }
  return { shape, data: generateValues(name, count, name.endsWith('.weight') ? 1 : 0, 0.2) }
}

/** Whether training changes the tensor by its gradient, unlike the running statistics of batch norm. */
export function isLearned (name: string): boolean {
  return !name.includes('.running_')
}

/**
 * Every tensor of a GhostNet.
 *
 * @param shapes - Official names to shapes.
 * @param statistics - Running means and variances under `<variant>.<name>`, as in `bn-statistics.safetensors`.
 */
export function generateStateDict (shapes: ReadonlyMap<string, readonly number[]>, statistics: StateDict, variant: string): StateDict {
  return new Map([...shapes].map(([name, shape]) => {
    if (isLearned(name)) return [name, generateTensor(name, shape)]
    const statistic = statistics.get(`${variant}.${name}`)
    if (statistic === undefined) throw new Error(`No statistics for ${variant}.${name}: run test/golden/make_bn_statistics.py.`)
    return [name, statistic]
  }))
}
