/**
 * docs/images/ghost-module.png and the numbers of docs/explanation/ghost-modules.md, from the bundled model and a real photo.
 * Run as built, it writes them: `npm run docs:ghost`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import '../../models/onnx/no-telemetry.ts'
import * as ort from 'onnxruntime-node'
import sharp, { type OverlayOptions } from 'sharp'
import { preprocess } from '../../api/images/preprocess.ts'
import { replaceSection } from '../../loadtest/generated-section.ts'
import { countGhostNet, describeGhostNet, type LayerDescription } from '../../models/ghostnet.ts'
import { readManifest } from '../../models/manifest/manifest.ts'
import { composeGraph } from '../../models/onnx/build-graph.ts'
import { DataType } from '../../models/onnx/onnx-proto.ts'
import { packageRoot } from '../../models/package-root.ts'
import { bundledModelDirectory } from '../../models/manifest/model-store.ts'
import { readCheckpointFile } from '../../models/weights/read-checkpoint.ts'
import { unlimited } from '../api/pipeline/preprocess-options.ts'
import { readFixture } from '../fixtures/index.ts'

export const ghostDocument = join(packageRoot, 'docs/explanation/ghost-modules.md')
export const ghostSection = 'module'
export const picturePath = join(packageRoot, 'docs/images/ghost-module.png')

const photo = 'chelsea.png'
/** The second module with ReLU: the first has only four pairs. */
const module = 'blocks.1.0.ghost1'
/** Pixels in the picture. */
const [cell, gap] = [104, 6]

/** Feature maps [channels, side, side] of the two halves. */
export interface Halves {
  readonly pixels: Uint8Array
  readonly cropSize: number
  readonly channels: number
  readonly side: number
  readonly primary: Float32Array
  readonly cheap: Float32Array
}

/** Runs the bundled model's graph with the two halves of the module as outputs. */
export async function readHalves (): Promise<Halves> {
  const { width, classes, preprocessing } = await readManifest(bundledModelDirectory)
  const { cropSize } = preprocessing
  const { tensors: weights } = await readCheckpointFile(join(bundledModelDirectory, 'model.safetensors'))
  const [channels, side] = shapeOf(describeGhostNet({ width, classes }, cropSize).find(({ name }) => name === `${module}.primary_conv.0`)!)
  const names = [`${module}.primary_conv.2`, `${module}.cheap_operation.2`] as const
  const graph = composeGraph({ weights, network: { width, classes }, cropSize, normalisation: preprocessing }, 'plain')
  for (const name of names) graph.output(name, DataType.float32, ['N', channels, side, side])

  const pixels = await preprocess(readFixture(photo), unlimited(preprocessing), new AbortController().signal)
  const session = await ort.InferenceSession.create(graph.encode('docs', {}), { intraOpNumThreads: 1, interOpNumThreads: 1 })
  const outputs = await session.run({ pixels: new ort.Tensor('uint8', pixels, [1, cropSize, cropSize, 3]) })
  await session.release()
  const [primary, cheap] = names.map((name) => outputs[name]!.data as Float32Array) as [Float32Array, Float32Array]
  return { pixels, cropSize, channels, side, primary, cheap }
}

const shapeOf = ({ output: [channels, side] }: LayerDescription): [number, number] => [channels, side]

/** The photo as the model sees it; beside it a column for each pair, the primary map above the cheap one made of it, on one scale. */
export async function drawHalves ({ pixels, cropSize, channels, side, primary, cheap }: Halves): Promise<Buffer> {
  const height = 2 * cell + gap
  const left = height + 2 * gap
  const photo = await sharp(pixels, { raw: { width: cropSize, height: cropSize, channels: 3 } }).resize(height, height).png().toBuffer()
  const layers: OverlayOptions[] = [{ input: photo, left: 0, top: 0 }]
  const area = side * side
  for (let channel = 0; channel < channels; channel++) {
    const maps = [primary, cheap].map((half) => half.subarray(channel * area, (channel + 1) * area))
    const brightest = Math.max(1e-6, ...maps.flatMap((map) => [...map]))
    for (const [row, map] of maps.entries()) {
      const grey = Buffer.from(Uint8Array.from(map, (value) => Math.round(value / brightest * 255)))
      const input = await sharp(grey, { raw: { width: side, height: side, channels: 1 } }).resize(cell, cell, { kernel: 'cubic' }).png().toBuffer()
      layers.push({ input, left: left + channel * (cell + gap), top: row * (cell + gap) })
    }
  }
  return await sharp({ create: { width: left + channels * (cell + gap) - gap, height, channels: 3, background: '#fff' } })
    .composite(layers).png({ palette: true, colours: 256 }).toBuffer()
}

export function renderGhostSection ({ channels, side, primary, cheap, cropSize }: Halves): string {
  const network = { width: 0.5, classes: 200 }
  const layers = new Map(describeGhostNet(network, cropSize).map((layer) => [layer.name, layer]))
  const rows = [module, 'blocks.4.0.ghost1', 'blocks.8.0.ghost1'].map((name) => {
    const [one, other] = [layers.get(`${name}.primary_conv.0`)!, layers.get(`${name}.cheap_operation.0`)!]
    const [half, size] = shapeOf(one)
    // A 1x1 convolution to all of the channels is the primary one twice.
    return `| \`${name}\` | ${2 * half} x ${size} x ${size} | ${one.macs} | ${other.macs} | ${2 * one.macs} | ${((one.macs + other.macs) / (2 * one.macs)).toFixed(2)} |`
  })
  const { macs } = countGhostNet(network, cropSize)
  const saved = [...layers.values()].filter(({ name }) => name.endsWith('.primary_conv.0'))
    .reduce((sum, one) => sum + one.macs - layers.get(one.name.replace('primary_conv', 'cheap_operation'))!.macs, 0)
  const area = side * side
  const mapOf = (half: Float32Array, channel: number): Float32Array => half.subarray(channel * area, (channel + 1) * area)
  const likeness = Array.from({ length: channels }, (_, i) => correlation(mapOf(primary, i), mapOf(cheap, i)))
    .filter((value) => !Number.isNaN(value)).map(Math.abs).sort((a, b) => a - b)
  return [
    '| module | output | primary, MACs | cheap, MACs | a plain 1x1 convolution, MACs | ratio |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    `The whole bundled network takes ${macs} multiply-accumulates an image; with plain convolutions in the place of its Ghost modules it would take ${macs + saved}, ` +
      `${((macs + saved) / macs).toFixed(2)} times as many.`,
    '',
    `In the picture the correlation of a cheap map with its primary one is ${likeness[0]!.toFixed(1)} to ${likeness.at(-1)!.toFixed(1)} in absolute value, ` +
      `${likeness[likeness.length >> 1]!.toFixed(1)} in the middle, over ${likeness.length} pairs of which neither map is empty.`,
  ].join('\n')
}

/** Pearson's. @returns NaN where one of the maps is constant. */
function correlation (one: Float32Array, other: Float32Array): number {
  const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanOne, meanOther] = [mean(one), mean(other)]
  let [products, squaresOne, squaresOther] = [0, 0, 0]
  for (const [i, value] of one.entries()) {
    const [a, b] = [value - meanOne, other[i]! - meanOther]
    products += a * b
    squaresOne += a * a
    squaresOther += b * b
  }
  return squaresOne === 0 || squaresOther === 0 ? NaN : products / Math.sqrt(squaresOne * squaresOther)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const halves = await readHalves()
  writeFileSync(picturePath, await drawHalves(halves))
  writeFileSync(ghostDocument, replaceSection(readFileSync(ghostDocument, 'utf8'), ghostSection, renderGhostSection(halves)))
}
