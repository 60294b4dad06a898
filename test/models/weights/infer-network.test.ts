import assert from 'node:assert/strict'
import test from 'node:test'
import { expectedTensors, type GhostNet } from '../../../models/ghostnet.ts'
import { inferNetwork } from '../../../models/weights/infer-network.ts'
import type { StateDict, Tensor } from '../../../models/weights/state-dict.ts'

function emptyWeights (network: GhostNet): Map<string, Tensor> {
  return new Map([...expectedTensors(network)].map(([name, shape]) =>
    [name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }]))
}

const networks = [{ width: 0.5, classes: 200 }, { width: 1, classes: 1000 }, { width: 1.3, classes: 3 }, { width: 0.35, classes: 10 }]

for (const network of networks) {
  test(`width ${network.width} and ${network.classes} classes are read off the shapes`, () => {
    assert.deepEqual(inferNetwork(emptyWeights(network)), network)
  })
}

const refuses = (weights: StateDict, message: RegExp): void => {
  assert.throws(() => inferNetwork(weights), { code: 'CHECKPOINT_FOREIGN', message })
}

test('a missing tensor is named', () => {
  const weights = emptyWeights({ width: 0.5, classes: 10 })
  weights.delete('blocks.3.0.se.conv_reduce.bias')
  refuses(weights, /expected the tensor blocks\.3\.0\.se\.conv_reduce\.bias, but there is none/)
})

test('a tensor of another shape is named with both shapes', () => {
  const weights = emptyWeights({ width: 1, classes: 10 })
  weights.set('bn1.weight', { shape: [17], data: new Float32Array(17) })
  refuses(weights, /expected bn1\.weight to be \[16\], got \[17\]/)
})

test('a tensor too many is named', () => {
  const weights = emptyWeights({ width: 1, classes: 10 })
  weights.set('blocks.0.0.ghost1.short_conv.0.weight', { shape: [1], data: new Float32Array(1) })
  refuses(weights, /has a tensor "blocks\.0\.0\.ghost1\.short_conv\.0\.weight"/)
})

test('a number that is none is rejected where it stands', () => {
  const weights = emptyWeights({ width: 0.5, classes: 10 })
  weights.get('classifier.bias')!.data[4] = NaN
  refuses(weights, /expected finite numbers in classifier\.bias/)
})

test('something without a classifier is no GhostNet', () => {
  refuses(new Map(), /tensor classifier\.weight/)
})
