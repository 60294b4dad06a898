/** Time of one graph against another on this processor, one thread, in alternating rounds. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { fastestRun } from '../../../api/cli/bench/fastest-run.ts'
import { chooseLayout } from '../../../api/machine/choose-layout.ts'
import { modelFiles, readManifest } from '../../../models/manifest/manifest.ts'
import { spreadOf, type Spread } from '../ratio.ts'

const batchSize = 8
const roundMs = 150

/** Milliseconds per image: the fastest run of a round, which other processes disturbed least. */
export async function timeRound (session: ort.InferenceSession, pixels: ort.Tensor, batchSize: number): Promise<number> {
  return await fastestRun(async () => await session.run({ pixels }), roundMs) / batchSize
}

/** Pixels of no photo: the time does not depend on them. uint8 [batchSize, cropSize, cropSize, 3] */
export function anyPixels (batchSize: number, cropSize: number): ort.Tensor {
  const bytes = Uint8Array.from({ length: batchSize * cropSize * cropSize * 3 }, (_, i) => (i * 2_654_435_761) >>> 24)
  return new ort.Tensor('uint8', bytes, [batchSize, cropSize, cropSize, 3])
}

/** Time of the layout that the service chooses here over that of `plain`, in batches of 8. */
export async function measureGraphRatio (model: string, rounds: number): Promise<Spread> {
  const { preprocessing: { cropSize } } = await readManifest(model)
  const [plain, chosen] = await Promise.all(['plain', chooseLayout()].map(async (layout) => {
    const graph = await readFile(join(model, modelFiles.graphs, `${layout}.onnx`))
    return await ort.InferenceSession.create(graph, { intraOpNumThreads: 1, interOpNumThreads: 1 })
  }))
  const pixels = anyPixels(batchSize, cropSize)
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    const plainMs = await timeRound(plain!, pixels, batchSize)
    ratios.push(await timeRound(chosen!, pixels, batchSize) / plainMs)
  }
  await Promise.all([plain!.release(), chosen!.release()])
  return spreadOf(ratios)
}
