/**
 * `npm run bench:graph`: time of each layout on this processor, one thread, in alternating rounds, as ratios of plain.
 * Weights are generated: speed does not depend on them.
 */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import '../../models/onnx/no-telemetry.ts'
import * as ort from 'onnxruntime-node'
import { table } from '../../api/cli/describe-model.ts'
import { chooseLayout } from '../../api/pipeline/choose-layout.ts'
import { expectedTensors } from '../../models/ghostnet.ts'
import { buildGraph } from '../../models/onnx/build-graph.ts'
import { layouts, type Layout } from '../../models/onnx/layout.ts'
import { preprocessingPresets } from '../../models/preprocessing.ts'
import { readCheckpoint } from '../../models/weights/read-checkpoint.ts'
import { goldenPath } from '../fixtures/index.ts'
import { generateStateDict } from '../golden/generated-weights.ts'

const cropSize = 224
const rounds = 15
const roundMs = 150
const variants = { ghostnet_050: 0.5, ghostnet_100: 1, ghostnet_130: 1.3 }

const { tensors: statistics } = await readCheckpoint(readFileSync(goldenPath('bn-statistics.safetensors')))

/** Sessions of all layouts of one width, on one thread each. */
async function openSessions (variant: string, width: number): Promise<Map<Layout, ort.InferenceSession>> {
  const network = { width, classes: 1000 }
  const weights = generateStateDict(expectedTensors(network), statistics, variant)
  const sessions = new Map<Layout, ort.InferenceSession>()
  for (const layout of layouts) {
    const graph = buildGraph({ weights, network, cropSize, normalisation: preprocessingPresets.imagenet }, layout, 'bench')
    sessions.set(layout, await ort.InferenceSession.create(graph, { intraOpNumThreads: 1, interOpNumThreads: 1 }))
  }
  return sessions
}

/** Milliseconds an image: the fastest run of a round, which other processes disturbed least. */
async function timeRound (session: ort.InferenceSession, pixels: ort.Tensor, batchSize: number): Promise<number> {
  let fastest = Infinity
  const end = performance.now() + roundMs
  do {
    const startedAt = performance.now()
    await session.run({ pixels })
    fastest = Math.min(fastest, performance.now() - startedAt)
  } while (performance.now() < end)
  return fastest / batchSize
}

function median (values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

process.stdout.write(`${cpus()[0]?.model ?? 'unknown processor'}; the service would choose ${chooseLayout()} here\n`)
process.stdout.write(`onnxruntime ${ort.env.versions.node ?? ''}, one thread, ${rounds} alternating rounds, ${cropSize} x ${cropSize}\n\n`)

const rows: string[][] = [['model', 'batch', 'layout', 'ms an image', 'images/s', 'plain / this', 'range of that']]
for (const [variant, width] of Object.entries(variants)) {
  const sessions = await openSessions(variant, width)
  for (const batchSize of [1, 8]) {
    const bytes = Uint8Array.from({ length: batchSize * cropSize * cropSize * 3 }, (_, i) => (i * 2_654_435_761) >>> 24)
    const pixels = new ort.Tensor('uint8', bytes, [batchSize, cropSize, cropSize, 3])
    const times = new Map<Layout, number[]>(layouts.map((layout) => [layout, []]))
    for (let round = 0; round < rounds; round++) {
      for (const [layout, session] of sessions) times.get(layout)!.push(await timeRound(session, pixels, batchSize))
    }
    for (const [layout, milliseconds] of times) {
      const ratios = milliseconds.map((time, round) => times.get('plain')![round]! / time).sort((a, b) => a - b)
      const typical = median(milliseconds)
      rows.push([
        variant, String(batchSize), layout, typical.toFixed(2), (1000 / typical).toFixed(0), median(ratios).toFixed(2),
        `${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)}`,
      ])
    }
  }
  for (const session of sessions.values()) await session.release()
}
process.stdout.write(`${table(rows, new Set([1, 3, 4, 5, 6]))}\n`)
