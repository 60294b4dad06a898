/** `ghostserve bench`: the speed of a model on this machine, without HTTP. */
import { readFile } from 'node:fs/promises'
import { InvalidArgumentError, type Command } from 'commander'
import { generateImage, generatedImageSize } from './generated-photo.ts'
import { measureModel } from './measure-model.ts'
import { readConfig } from '../../config.ts'
import { classifierOptions } from '../../engine/create-classifier.ts'
import { describeDevice } from '../../machine/execution-provider/execution-provider.ts'
import { chooseLayout } from '../../machine/choose-layout.ts'
import { chooseFastest, measureLayouts, type LayoutTiming } from './measure-layouts.ts'
import { table } from '../describe-model.ts'
import { findImages } from '../classify/find-images.ts'
import { writeOutput } from '../write-output.ts'

const batchSizes = [1, 2, 4, 8]

interface Options { readonly seconds: number, readonly json?: true }

export function addBenchCommand (program: Command): void {
  program.command('bench')
    .description('Measure decoding, sessions, the whole pipeline and graph layouts on this machine by batch size, without HTTP, and name the best LAYOUT and MAX_BATCH_SIZE.')
    .argument('<model>', 'a model directory, the name of a model in the model store, or "bundled"')
    .argument('[image...]', 'JPEG, PNG or WebP files, folders of them, or quoted patterns (default: a generated JPEG)')
    .option('--seconds <count>', 'per batch size; its layouts take half as long again', positiveNumber, 5)
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  ghostserve bench bundled photos/')
    .action(async (model: string, paths: string[], { seconds, json }: Options) => {
      const files = await findImages(paths)
      const encoded = files.length === 0 ? [await generateImage()] : await Promise.all(files.map(async (file) => await readFile(file)))
      const config = { ...readConfig(), model }
      const options = await classifierOptions(config, (error) => { throw error })
      const { decodeMs, batches } = await measureModel(options, encoded, batchSizes, seconds * 1000)
      const { model: { manifest: { name }, layout }, executionProvider, workers, intraOpNumThreads } = options
      const processor = describeDevice('cpu')
      // Layouts are for CPUs: a GPU's follows from its precision.
      const layouts = executionProvider === 'cpu' ? await measureLayouts(config, batchSizes, seconds * 1000 / 2) : []
      const best = layouts.length === 0 ? undefined : chooseFastest(layouts, chooseLayout())
      const { width, height } = generatedImageSize
      const images = files.length === 0 ? `a generated JPEG of ${width} x ${height}` : `${files.length} given`
      if (json) {
        const facts = { model: name, layout, executionProvider, processor, workers, intraOpNumThreads, images, seconds }
        await writeOutput(`${JSON.stringify({ ...facts, decodeMs, batches, layouts, best }, null, 2)}\n`)
        return
      }
      await writeOutput(`${table([
        ['model', `${name}, layout ${layout}, on ${executionProvider}`],
        ['processor', processor],
        ['sessions', `${workers}, ${intraOpNumThreads} thread${intraOpNumThreads === 1 ? '' : 's'} each`],
        ['images', images],
        ['decode', `${decodeMs.toFixed(2)} ms per image, one at a time`],
      ])}\n\n${table([
        ['batch', 'session alone, ms per image', 'pipeline, images/s', 'its mean batch'],
        ...batches.map(({ batchSize, sessionMs, imagesPerSecond, meanBatch }) =>
          [String(batchSize), sessionMs.toFixed(2), imagesPerSecond.toFixed(0), meanBatch.toFixed(1)]),
      ], new Set([0, 1, 2, 3]))}\n${best === undefined ? '' : describeLayouts(layouts, best)}`)
    })
}

function describeLayouts (timings: readonly LayoutTiming[], best: LayoutTiming): string {
  const names = [...new Set(timings.map(({ layout }) => layout))]
  const timesOf = (name: string): string[] => timings.filter(({ layout }) => layout === name).map(({ msPerImage }) => msPerImage.toFixed(2))
  const rows = names.map((name) => [name, ...timesOf(name)])
  const heading = ['layout, ms per image', ...batchSizes.map((size) => `batch of ${size}`)]
  return `\n${table([heading, ...rows], new Set([1, 2, 3, 4]))}\n\n` +
    `Best here:\nLAYOUT=${best.layout}\nMAX_BATCH_SIZE=${best.batchSize}\n`
}

function positiveNumber (text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Expected a number above 0.')
  return value
}
