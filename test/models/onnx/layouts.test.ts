import assert from 'node:assert/strict'
import test from 'node:test'
import { expectedTensors } from '../../../models/ghostnet.ts'
import { composeGraph, buildGraph, type GraphSource } from '../../../models/onnx/build-graph.ts'
import { layouts, type Layout } from '../../../models/onnx/layout.ts'
import { preprocessingPresets } from '../../../models/manifest/preprocessing.ts'
import { selfTestPixels } from '../../../models/manifest/self-test.ts'
import { generateTensor } from '../../golden/generated-weights.ts'
import { relativeDifference, runGraph } from './run-graph.ts'

function sourceOf (width: number, classes: number, cropSize: number): GraphSource {
  const network = { width, classes }
  const weights = new Map([...expectedTensors(network)].map(([name, shape]) => {
    const tensor = generateTensor(name, shape)
    return [name, name.endsWith('running_var') ? { shape, data: tensor.data.map((value) => 1 + Math.abs(value)) } : tensor]
  }))
  return { weights, network, cropSize, normalisation: preprocessingPresets.imagenet }
}

test('plain at 1.0x is the network\'s 209 nodes and the 3 of the input', () => {
  const { nodeCount, operatorCounts } = composeGraph(sourceOf(1, 1000, 224), 'plain')
  assert.equal(nodeCount, 212)
  assert.deepEqual(operatorCounts, {
    Cast: 1,
    Transpose: 1,
    Sub: 1, // the input
    Conv: 95,
    Relu: 42,
    Concat: 32,
    Add: 16,
    GlobalAveragePool: 8,
    HardSigmoid: 7,
    Mul: 7,
    Flatten: 1,
    Gemm: 1,
  })
})

test('plain-fp16 is plain with a Cast into float16 behind the input and each gate, and out of it for each gate and the head', () => {
  const { Cast: casts, ...others } = composeGraph(sourceOf(1, 1000, 224), 'plain-fp16').operatorCounts
  const { Cast: castsOfPlain, ...othersOfPlain } = composeGraph(sourceOf(1, 1000, 224), 'plain').operatorCounts
  assert.deepEqual(others, othersOfPlain)
  assert.equal(casts, castsOfPlain! + 1 + 7 + 7 + 1)
})

test('blocked has a Concat for the pooled vectors of each gate, and with blocks of 8 for the end of each bottleneck', () => {
  const concats = (layout: Layout): number | undefined => composeGraph(sourceOf(1, 1000, 224), layout).operatorCounts['Concat']
  assert.equal(concats('blocked16'), 7)
  assert.equal(concats('blocked8'), 7 + 16)
})

// Without calibrated statistics activations grow and so does their rounding; a channel out of place shows at 0.1 and more.
const tolerance = (layout: Layout): number => layout === 'plain-fp16' ? 5e-2 : 1e-3

// Widths at which halves fall on every side of the blocks, and inputs whose maps are odd or tiny.
for (const [width, cropSize] of [[0.1, 32], [0.25, 64], [0.35, 97], [0.75, 65], [2, 33]] as const) {
  test(`all layouts agree at width ${width} on ${cropSize} x ${cropSize}`, async () => {
    const source = sourceOf(width, 7, cropSize)
    const pixels = Buffer.concat([selfTestPixels(cropSize), selfTestPixels(cropSize).reverse(), Buffer.alloc(cropSize * cropSize * 3, 200)])
    const plain = await runGraph(buildGraph(source, 'plain', 'test'), pixels, cropSize)
    assert.equal(plain.length, 3 * 7)
    for (const layout of layouts) {
      const difference = relativeDifference(await runGraph(buildGraph(source, layout, 'test'), pixels, cropSize), [...plain])
      assert.ok(difference < tolerance(layout), `${layout}: ${difference}`)
    }
  })
}
