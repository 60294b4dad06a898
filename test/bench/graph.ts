/**
 * `npm run bench:graph`: time of each layout on this processor, one thread, in alternating rounds, as ratios of plain.
 * Weights are generated: speed does not depend on them.
 */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import '../../models/onnx/no-telemetry.ts'
import * as ort from 'onnxruntime-node'
import { table } from '../../api/cli/describe-model.ts'
import { chooseLayout } from '../../api/machine/choose-layout.ts'
import { anyPixels, timeRound } from '../../loadtest/peers/bars/graph-ratio.ts'
import { spreadOf } from '../../loadtest/peers/ratio.ts'
import { expectedTensors } from '../../models/ghostnet.ts'
import { buildGraph } from '../../models/onnx/build-graph.ts'
import { layouts, type Layout } from '../../models/onnx/layout.ts'
import { preprocessingPresets } from '../../models/manifest/preprocessing.ts'
import { readCheckpoint } from '../../models/weights/read-checkpoint.ts'
import { goldenPath } from '../fixtures/index.ts'
import { generateStateDict } from '../golden/generated-weights.ts'

const cropSize = 224
const rounds = 15
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

process.stdout.write(`${cpus()[0]?.model ?? 'unknown processor'}; the service would choose ${chooseLayout()} here\n`)
process.stdout.write(`onnxruntime ${ort.env.versions.node ?? ''}, one thread, ${rounds} alternating rounds, ${cropSize} x ${cropSize}\n\n`)

const rows: string[][] = [['model', 'batch', 'layout', 'ms per image', 'images/s', 'plain / this', 'range of that']]
for (const [variant, width] of Object.entries(variants)) {
  const sessions = await openSessions(variant, width)
  for (const batchSize of [1, 8]) {
    const pixels = anyPixels(batchSize, cropSize)
    const times = new Map<Layout, number[]>(layouts.map((layout) => [layout, []]))
    for (let round = 0; round < rounds; round++) {
      for (const [layout, session] of sessions) times.get(layout)!.push(await timeRound(session, pixels, batchSize))
    }
    for (const [layout, milliseconds] of times) {
      const ratio = spreadOf(milliseconds.map((time, round) => times.get('plain')![round]! / time))
      const typical = spreadOf(milliseconds).median
      rows.push([
        variant, String(batchSize), layout, typical.toFixed(2), (1000 / typical).toFixed(0), ratio.median.toFixed(2),
        `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}`,
      ])
    }
  }
  for (const session of sessions.values()) await session.release()
}
process.stdout.write(`${table(rows, new Set([1, 3, 4, 5, 6]))}\n`)
