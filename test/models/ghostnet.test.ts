import assert from 'node:assert/strict'
import test from 'node:test'
import { countGhostNet, describeGhostNet, expectedTensors, makeDivisible } from '../../models/ghostnet.ts'
import { readGoldenJson } from '../fixtures/index.ts'

const published = [
  { width: 0.5, learnable: 2_587_292, withStatistics: 2_598_276, macs: 42_328_152 },
  { width: 1, learnable: 5_182_508, withStatistics: 5_204_476, macs: 141_150_512 },
  { width: 1.3, learnable: 7_358_820, withStatistics: 7_387_356, macs: 227_003_256 },
]

for (const { width, learnable, withStatistics, macs } of published) {
  test(`width ${width} has the published number of parameters and multiply-accumulates`, () => {
    const counts = countGhostNet({ width, classes: 1000 }, 224)
    assert.equal(counts.learnableParameters, learnable)
    assert.equal(counts.learnableParameters + counts.batchNormStatistics, withStatistics)
    assert.equal(counts.macs, macs)
  })
}

test('every width has the names and shapes of timm\'s state dict, in its order', () => {
  const stateDicts = readGoldenJson<Record<string, { shapes: Record<string, number[]> }>>('state-dicts.json')
  for (const { width } of published) {
    const variant = `ghostnet_${String(width * 100).padStart(3, '0')}`
    const { shapes } = stateDicts[variant]!
    assert.deepEqual(Object.fromEntries(expectedTensors({ width, classes: 1000 })), shapes)
  }
})

test('channels round to multiples of 4 and never lose more than a tenth', () => {
  assert.equal(makeDivisible(9), 12, '36 / 4 of blocks.3.0 at 0.5x: 8 would lose more than a tenth')
  assert.equal(makeDivisible(1), 4)
  assert.equal(makeDivisible(10), 12)
  assert.equal(makeDivisible(62.4), 64)
  assert.equal(makeDivisible(240), 240)
})

test('the squeeze of blocks.3.0 has 12 channels at 0.5x', () => {
  assert.deepEqual(expectedTensors({ width: 0.5, classes: 1000 }).get('blocks.3.0.se.conv_reduce.weight'), [12, 36, 1, 1])
})

test('blocks.6.3 has a convolutional shortcut at stride 1, since its channels change', () => {
  const layers = describeGhostNet({ width: 1, classes: 1000 })
  const shortcut = layers.find(({ name }) => name === 'blocks.6.3.shortcut.0')
  assert.equal(shortcut?.stride, 1)
  assert.deepEqual(layers.find(({ name }) => name === 'blocks.6.3.shortcut.2')?.output, [112, 14, 14])
})
