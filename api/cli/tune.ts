/** `ghostserve tune`: which layout and batch limit is the fastest on this processor; the service takes them from then on. */
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { graphPath } from '../../models/manifest/graph-index.ts'
import { layouts } from '../../models/onnx/layout.ts'
import { bundledModel, findModelDirectory } from '../../models/manifest/model-store.ts'
import { readConfig } from '../config.ts'
import { describeDevice } from '../machine/execution-provider/execution-provider.ts'
import { loadModel } from '../engine/load-model.ts'
import { chooseLayout } from '../machine/choose-layout.ts'
import { largestBatch } from '../machine/largest-batch.ts'
import { chooseTuning } from '../engine/tuning/choose-tuning.ts'
import { measureLayouts } from '../engine/tuning/measure-layouts.ts'
import { tuningFolder, writeTuning } from '../engine/tuning/tuning.ts'
import { table } from './describe-model.ts'
import { findOutputFolder } from './output-path.ts'
import { positiveInteger } from './positive-integer.ts'
import { progressBar } from './progress.ts'
import { writeOutput } from './write-output.ts'

/** `plain-fp16` is for GPUs. */
const cpuLayouts = layouts.filter((layout) => layout !== 'plain-fp16')
const batchSizes = [1, 2, 4, 8]

export function addTuneCommand (program: Command): void {
  program.command('tune')
    .description('Measure which graph layout and batch limit is the fastest on this processor, and let the service use them from now on.')
    .argument('[model]', 'a model directory, the name of a model on the shelf, or "bundled"', bundledModel)
    .option('--rounds <count>', 'in which all candidates take turns; medians count', positiveInteger, 9)
    .addHelpText('after', '\nExample:\n  ghostserve tune bundled\n\nLAYOUT and MAX_BATCH_SIZE, where they are set, go before what is found here.')
    .action(async (model: string, { rounds }: { rounds: number }) => {
      const { modelDir, intraOpNumThreads } = readConfig()
      const directory = findModelDirectory(model, modelDir)
      await findOutputFolder(tuningFolder())
      const models = await Promise.all(cpuLayouts.filter((layout) => layout === 'plain' || existsSync(graphPath(directory, layout)))
        .map(async (layout) => await loadModel(model, modelDir, layout)))
      const bar = progressBar('rounds')
      bar.start(rounds, 0)
      const timings = await measureLayouts(models, batchSizes, rounds, intraOpNumThreads, () => bar.increment()).finally(() => bar.stop())

      const { manifest } = models[0]!
      const untuned = { layout: chooseLayout(), maxBatchSize: largestBatch('cpu', manifest) }
      const { layout, maxBatchSize } = chooseTuning(timings, untuned.layout)
      const path = await writeTuning(manifest, { layout, maxBatchSize })
      const msOf = (name: string, size: number): string =>
        timings.find((timing) => timing.layout === name && timing.maxBatchSize === size)!.medianMs.toFixed(2)
      const isSame = layout === untuned.layout && maxBatchSize === untuned.maxBatchSize
      await writeOutput(`${manifest.name} on ${describeDevice('cpu')}, ms an image, one session, median of ${rounds} rounds\n\n${table([
        ['layout', ...batchSizes.map((size) => `batch of ${size}`)],
        ...models.map(({ layout: name }) => [name, ...batchSizes.map((size) => msOf(name, size))]),
      ], new Set([1, 2, 3, 4]))}\n\nThe service will use ${layout} and batches of up to ${maxBatchSize}; ` +
        `without tuning, ${isSame ? 'the same' : `${untuned.layout} and up to ${untuned.maxBatchSize}`}.\nStored in ${path}\n`)
    })
}
