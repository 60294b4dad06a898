import { expectedTensors, makeDivisible, type GhostNet } from '../ghostnet.ts'
import { CheckpointError, quote } from './checkpoint-error.ts'
import type { StateDict } from './state-dict.ts'

const publishedWidths = [1, 0.5, 1.3]
const widestWidth = 4

/**
 * Infers the width multiplier and the class count of a state dict under the official names, and proves that it is that network:
 * every tensor is there in its shape, and no other.
 *
 * @throws CheckpointError `CHECKPOINT_FOREIGN` naming the first difference from the nearest GhostNet.
 */
export function inferNetwork (weights: StateDict): GhostNet {
  const classes = dimension(weights, 'classifier.weight', 0)
  const lastChannels = dimension(weights, 'blocks.9.0.conv.weight', 0)

  // Rounding to multiples of 4 lets several multipliers share the last convolution; the other shapes tell them apart.
  const hundredths = Array.from({ length: widestWidth * 100 }, (_, i) => (i + 1) / 100)
  const candidates = [...publishedWidths, ...hundredths, lastChannels / 960]
    .filter((width) => makeDivisible(960 * width) === lastChannels)
    .map((width): GhostNet => ({ width, classes }))

  const match = candidates.find((network) => firstDifference(weights, network) === undefined)
  if (match !== undefined) return match
  const nearest = candidates[0]
  throw new CheckpointError('CHECKPOINT_FOREIGN', nearest === undefined
    ? `Expected a GhostNet's blocks.9.0.conv.weight to have 960 x width channels, got ${lastChannels}.`
    : `Not a GhostNet of width ${nearest.width}: ${firstDifference(weights, nearest)}.`)
}

function dimension (weights: StateDict, name: string, axis: number): number {
  const size = weights.get(name)?.shape[axis]
  if (size === undefined || size < 1) {
    throw new CheckpointError('CHECKPOINT_FOREIGN', `Expected a GhostNet's tensor ${name}, but the checkpoint has none.`)
  }
  return size
}

function firstDifference (weights: StateDict, network: GhostNet): string | undefined {
  const expected = expectedTensors(network)
  for (const [name, shape] of expected) {
    const found = weights.get(name)
    if (found === undefined) return `expected the tensor ${name}, but there is none`
    if (found.shape.join() !== shape.join()) return `expected ${name} to be [${shape.join(', ')}], got [${found.shape.join(', ')}]`
    if (name.endsWith('.running_var') && found.data.some((variance) => variance < 0)) return `expected no negative variance in ${name}`
    if (!found.data.every(Number.isFinite)) return `expected finite numbers in ${name}, got NaN or Infinity`
  }
  const surplus = [...weights.keys()].find((name) => !expected.has(name))
  return surplus === undefined ? undefined : `it has a tensor ${quote(surplus)} that the network does not`
}
