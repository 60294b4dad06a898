/** Where a graph's time goes, by stage of the network, from onnxruntime's own profile. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import '../../models/onnx/no-telemetry.ts'
import * as ort from 'onnxruntime-node'
import { selfTestPixels } from '../../models/self-test.ts'
import { median } from '../benchmark/median.ts'

const runs = 30
const warmUpRuns = 3

/** `dur` and `ts` in microseconds. */
interface ProfileEvent { readonly cat: string, readonly name: string, readonly dur: number, readonly ts: number }

/**
 * @param stageNames - In the order of execution.
 * @returns ms of each stage for one image on one thread, the median of the runs.
 */
export async function profileStages (graphFile: string, cropSize: number, stageNames: readonly string[]): Promise<Map<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'ghostserve-profile-'))
  try {
    const session = await ort.InferenceSession.create(graphFile, {
      enableProfiling: true, profileFilePrefix: join(folder, 'profile'), intraOpNumThreads: 1, interOpNumThreads: 1,
    })
    const pixels = new ort.Tensor('uint8', selfTestPixels(cropSize), [1, cropSize, cropSize, 3])
    for (let run = 0; run < warmUpRuns + runs; run++) await session.run({ pixels })
    session.endProfiling()
    await session.release()
    const [file] = await readdir(folder)
    const events = JSON.parse(await readFile(join(folder, file!), 'utf8')) as ProfileEvent[]
    return stageTimes(events.filter(({ cat }) => cat === 'Node'), stageNames)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/**
 * A node without a stage in its name, which onnxruntime put in, as a reorder, counts for the stage before it.
 *
 * @param events - The same nodes in the same order, a run after another, the warm-up's first.
 */
export function stageTimes (events: readonly ProfileEvent[], stageNames: readonly string[]): Map<string, number> {
  const nodes = events.length / (warmUpRuns + runs)
  const inOrder = [...events].sort((a, b) => a.ts - b.ts)
  const samples = new Map<string, number[]>(stageNames.map((stage) => [stage, []]))
  for (let start = warmUpRuns * nodes; start < inOrder.length; start += nodes) {
    const times = new Map(stageNames.map((stage) => [stage, 0]))
    let stage = stageNames[0]!
    for (const { name, dur } of inOrder.slice(start, start + nodes)) {
      stage = stageNames.find((candidate) => name.startsWith(candidate)) ?? stage
      times.set(stage, times.get(stage)! + dur / 1000)
    }
    for (const [stage, ms] of times) samples.get(stage)!.push(ms)
  }
  return new Map([...samples].map(([stage, ms]) => [stage, median(ms)]))
}
