/**
 * Proof of parity: the same weights and the same pixels give timm's (or MindCV's) logits, in every layout and from every file
 * format. The weights come from a generator, so that only the logits are stored.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test, { suite, type TestContext } from 'node:test'
import { expectedTensors, type GhostNet } from '../../models/ghostnet.ts'
import { inferNetwork } from '../../models/weights/infer-network.ts'
import { buildGraph, type GraphSource } from '../../models/onnx/build-graph.ts'
import { layouts, type Layout } from '../../models/onnx/layout.ts'
import { preprocessingPresets } from '../../models/manifest/preprocessing.ts'
import { toOfficialNames } from '../../models/weights/official-names.ts'
import { readCheckpoint } from '../../models/weights/read-checkpoint.ts'
import type { StateDict, Tensor } from '../../models/weights/state-dict.ts'
import { goldenPath, readGoldenJson, readGoldenPixels } from '../fixtures/index.ts'
import { generateStateDict } from '../golden/generated-weights.ts'
import { relativeDifference, runGraph } from './onnx/run-graph.ts'

/** Relative to the largest logit. In float16 each value has 11 bits, and rounding adds up from layer to layer. */
const tolerance = (layout: Layout): number => layout === 'plain-fp16' ? 5e-3 : 1e-4
const normalisation = preprocessingPresets.imagenet
const widths = { ghostnet_050: 0.5, ghostnet_100: 1, ghostnet_130: 1.3 }
type Variant = keyof typeof widths

const { logits: timmLogits } = readGoldenJson<{ logits: Record<Variant, { chelsea: number[], coffee: number[] }> }>('logits.json')
const { tensors: statistics } = await readCheckpoint(readFileSync(goldenPath('bn-statistics.safetensors')))
const photos = Buffer.concat([
  await readGoldenPixels('preprocessing', 'chelsea-224.png'),
  await readGoldenPixels('preprocessing', 'coffee-224.png'),
])

function generatedSource (variant: Variant): GraphSource {
  const network: GhostNet = { width: widths[variant], classes: 1000 }
  const weights = generateStateDict(expectedTensors(network), statistics, variant)
  return { weights, network, cropSize: 224, normalisation }
}

async function differenceFromTimm (
  source: GraphSource, layout: Layout, variant: Variant, patch = (graph: Uint8Array) => graph
): Promise<number> {
  const { chelsea, coffee } = timmLogits[variant]
  const logits = await runGraph(patch(buildGraph(source, layout, 'test')), photos, 224)
  return relativeDifference(logits, [...chelsea, ...coffee])
}

suite('parity with timm', () => {
  test('the two photos have logits that differ by more than 1: equal logits would prove nothing', () => {
    for (const { chelsea, coffee } of Object.values(timmLogits)) {
      assert.ok(Math.max(...chelsea.map((logit, i) => Math.abs(logit - coffee[i]!))) > 1)
    }
  })

  test('every width in every layout gives timm\'s logits', async (t) => {
    for (const variant of Object.keys(widths) as Variant[]) {
      const source = generatedSource(variant)
      for (const layout of layouts) {
        const difference = await differenceFromTimm(source, layout, variant)
        report(t, `${variant}  ${layout}`, difference)
        assert.ok(difference <= tolerance(layout), `${variant} ${layout}: ${difference}`)
      }
    }
  })
})

suite('parity of every reader', () => {
  interface Expected { format: string, width: number, classes: number, pixels: string[], logits: number[][] }
  const files = Object.entries(readGoldenJson<Record<string, Expected>>('checkpoints', 'expected.json'))

  test('there is a file of every format', () => {
    const formats = new Set(files.map(([, { format }]) => format))
    assert.deepEqual([...formats].sort(), ['mindspore', 'pytorch-legacy', 'pytorch-zip', 'safetensors'])
  })

  for (const [file, expected] of files) {
    test(`${file}, written by the real library, gives its logits`, async (t) => {
      const { format, tensors } = await readCheckpoint(readFileSync(goldenPath('checkpoints', file)))
      assert.equal(format, expected.format)
      const weights = toOfficialNames(tensors)
      const network = inferNetwork(weights)
      assert.deepEqual(network, { width: expected.width, classes: expected.classes })
      const pixels = Buffer.concat(await Promise.all(expected.pixels.map((png) => readGoldenPixels('checkpoints', png))))
      for (const layout of layouts) {
        const graph = buildGraph({ weights, network, cropSize: 64, normalisation }, layout, 'test')
        const difference = relativeDifference(await runGraph(graph, pixels, 64), expected.logits.flat())
        report(t, `${file}  ${layout}`, difference)
        assert.ok(difference <= tolerance(layout), `${layout}: ${difference}`)
      }
    })
  }
})

suite('the parity test bites', () => {
  const variant = 'ghostnet_050'
  const source = generatedSource(variant)

  /** Less than float16 rounds. */
  const tiny = 'epsilon of 2e-5 in batch norm'
  const mutations: Record<string, GraphSource | ((graph: Uint8Array) => Uint8Array)> = {
    'two swapped channels': { ...source, weights: swapChannels(source.weights, 'blocks.3.0.ghost1.primary_conv.0.weight') },
    [tiny]: { ...source, weights: addToVariances(source.weights, 1e-5) },
    'slope of 0.2 in HardSigmoid': (graph) => replaceAlpha(graph, 0.2),
    'red mean off by a thousandth': { ...source, normalisation: { ...normalisation, mean: [0.486, 0.456, 0.406] } },
    'red deviation of green': { ...source, normalisation: { ...normalisation, std: [0.224, 0.224, 0.225] } },
  }
  for (const [mutation, mutant] of Object.entries(mutations)) {
    test(`${mutation} fails it in every layout`, async (t) => {
      for (const layout of layouts) {
        if (mutation === tiny && layout === 'plain-fp16') continue
        const difference = typeof mutant === 'function'
          ? await differenceFromTimm(source, layout, variant, mutant)
          : await differenceFromTimm(mutant, layout, variant)
        report(t, `${mutation}  ${layout}`, difference)
        assert.ok(difference > tolerance(layout), `${layout}: only ${difference}`)
      }
    })
  }
})

function report (t: TestContext, subject: string, difference: number): void {
  t.diagnostic(`${subject.padEnd(48)} ${difference.toExponential(1)}`)
}

function replace (weights: StateDict, name: string, change: (data: Float32Array) => void): StateDict {
  const { shape, data } = weights.get(name)!
  const changed = data.slice()
  change(changed)
  return new Map<string, Tensor>([...weights, [name, { shape, data: changed }]])
}

function swapChannels (weights: StateDict, name: string): StateDict {
  return replace(weights, name, (data) => {
    const length = data.length / weights.get(name)!.shape[0]!
    const first = data.slice(0, length)
    data.copyWithin(0, length, 2 * length)
    data.set(first, length)
  })
}

/** The same as another epsilon: the two are only ever added. */
function addToVariances (weights: StateDict, amount: number): StateDict {
  return [...weights.keys()].filter((name) => name.endsWith('.running_var'))
    .reduce((changed, name) => replace(changed, name, (data) => data.forEach((value, i) => { data[i] = value + amount })), weights)
}

function replaceAlpha (graph: Uint8Array, alpha: number): Uint8Array {
  const bytes = Buffer.from(graph)
  const sixth = Buffer.alloc(4)
  sixth.writeFloatLE(1 / 6)
  let found = 0
  for (let at = bytes.indexOf('alpha'); at !== -1; at = bytes.indexOf('alpha', at + 1)) {
    const value = bytes.indexOf(sixth, at)
    assert.ok(value - at < 16, 'an attribute called alpha with the value 1/6')
    bytes.writeFloatLE(alpha, value)
    found++
  }
  assert.ok(found >= 7, 'a HardSigmoid for each squeeze-excite')
  return bytes
}
