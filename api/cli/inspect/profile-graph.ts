/** Times of a graph by part of the network (stages or layers), from onnxruntime's own profile. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import '../../../models/onnx/no-telemetry.ts'
import * as ort from 'onnxruntime-node'
import { selfTestPixels } from '../../../models/manifest/self-test.ts'
import { median } from '../bench/median.ts'

const runs = 30
const warmUpRuns = 3

/** An event; `dur` and `ts` in microseconds. */
interface ProfileEvent { readonly cat: string, readonly name: string, readonly dur: number, readonly ts: number }

/**
 * Measures the parts of a graph.
 *
 * @param parts - Prefixes of the names of their nodes, in the order of execution.
 * @param graphOptimizationLevel - `basic` keeps each layer a node; `all` is what is served.
 * @returns Milliseconds of each part for one image on one thread, the median of the runs.
 */
export async function profileGraph (
  graphFile: string, cropSize: number, parts: readonly string[], graphOptimizationLevel: 'basic' | 'all'
): Promise<Map<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'ghostserve-profile-'))
  try {
    const session = await ort.InferenceSession.create(graphFile, {
      enableProfiling: true, profileFilePrefix: join(folder, 'profile'), intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel,
    })
    const pixels = new ort.Tensor('uint8', selfTestPixels(cropSize), [1, cropSize, cropSize, 3])
    for (let run = 0; run < warmUpRuns + runs; run++) await session.run({ pixels })
    session.endProfiling()
    await session.release()
    const [file] = await readdir(folder)
    const events = JSON.parse(await readFile(join(folder, file!), 'utf8')) as ProfileEvent[]
    return partTimes(events.filter(({ cat }) => cat === 'Node'), parts)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/**
 * Sums the times by part. A node that onnxruntime inserted, such as a reorder, has no part in its name and counts for the part
 * before it; if several parts fit a name, the longest does.
 *
 * @param events - The same nodes in the same order, one run after another, the warm-up's first.
 */
export function partTimes (events: readonly ProfileEvent[], parts: readonly string[]): Map<string, number> {
  const longestFirst = [...parts].sort((a, b) => b.length - a.length)
  const nodes = events.length / (warmUpRuns + runs)
  const inOrder = [...events].sort((a, b) => a.ts - b.ts)
  const samples = new Map<string, number[]>(parts.map((part) => [part, []]))
  for (let start = warmUpRuns * nodes; start < inOrder.length; start += nodes) {
    const times = new Map(parts.map((part) => [part, 0]))
    let part = parts[0]!
    for (const { name, dur } of inOrder.slice(start, start + nodes)) {
      part = longestFirst.find((candidate) => name.startsWith(candidate)) ?? part
      times.set(part, times.get(part)! + dur / 1000)
    }
    for (const [part, ms] of times) samples.get(part)!.push(ms)
  }
  return new Map([...samples].map(([part, ms]) => [part, median(ms)]))
}
