/** `ghostserve evaluate`: the quality of a model on labelled images, through the pipeline that serves it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { modelFiles } from '../../../models/manifest/manifest.ts'
import { findModelDirectory } from '../../../models/manifest/model-store.ts'
import { writeTemperature } from '../../../models/manifest/write-temperature.ts'
import type { Classifier } from '../../engine/classifier.ts'
import { readConfig } from '../../config.ts'
import { describeEvaluation } from './describe-evaluation.ts'
import { evaluateImages } from './evaluate-images.ts'
import { evaluationPage } from './evaluation-page.ts'
import type { Evaluation } from './evaluation.ts'
import { fitTemperature } from './fit-temperature.ts'
import { isClassified, type ImageResult } from './image-result.ts'
import type { LabelledImage } from './labelled-image.ts'
import { listLabelledImages } from './list-labelled-images.ts'
import { isResultLines, resultLines } from './results-file.ts'
import { tallyResults, type Tally } from './tally.ts'
import type { LoadedModel } from '../../engine/load-model.ts'
import { isPage } from '../report/page.ts'
import { openClassifier } from '../open-classifier.ts'
import { claimOutputFile, findOutputFile, findOutputFolder } from '../output-path.ts'
import { progressBar } from '../progress.ts'
import { UsageError } from '../usage-error.ts'
import { writeOutput } from '../write-output.ts'

interface EvaluateOptions { data: string, groundTruth?: string, out?: string, fitTemperature?: true, json?: true }

/** Files in the folder of `--out`. */
const outputFiles = { results: 'images.jsonl', evaluation: 'evaluation.json', page: 'report.html' } as const

export function addEvaluateCommand (program: Command): void {
  program.command('evaluate')
    .description('Measure top-1, top-5 and calibration on labelled images, through the pipeline that serves them.')
    .argument('<model>', 'a model directory, the name of a model in the model store, or "bundled"')
    .requiredOption('-d, --data <path>', 'a folder with a folder of images per class (named by WordNet id, label or class index); WebDataset shards ' +
      '(KEY.jpg and KEY.cls in a tar archive, or a folder of them); or a text file with one image\'s name and class per line, relative ' +
      'to the file or to `images/` next to it')
    .option('-g, --ground-truth <file>', 'classes of images that lie side by side in one folder: ImageNet\'s val.txt, LOC_val_solution.csv or ' +
      'validation_synset_labels.txt (one class per line, in the order of the sorted names)')
    .option('-o, --out <folder>', `write ${Object.values(outputFiles).join(', ')}, replacing those of an older evaluation`)
    .option('--fit-temperature', 'fit the temperature of the scores on these images and store it in the model\'s manifest')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  ghostserve evaluate bundled --data val/ --out evaluation/')
    .action(async (model: string, options: EvaluateOptions) => {
      const evaluation = await evaluate(model, options)
      await writeOutput(options.json ? print(evaluation) : describeEvaluation(evaluation))
    })
}

async function evaluate (model: string, { data, groundTruth, out, fitTemperature: isFitted }: EvaluateOptions): Promise<Evaluation> {
  const directory = findModelDirectory(model, readConfig().modelDir)
  if (isFitted) await findOutputFile(join(directory, modelFiles.manifest))
  const classifier = await openClassifier(model)
  const { manifest, labels, version, temperature, layout } = classifier.model
  const { results, seconds, outputs } = await listLabelledImages(data, labels, groundTruth).then(async (images) => {
    const outputs = out === undefined ? undefined : await claimOutputs(out)
    return { outputs, ...await collectResults(classifier, images) }
  }).finally(async () => await classifier.close())
  const { name, weights: { sha256: weightsSha256 }, preprocessing } = manifest
  await outputs?.writeResults(resultLines({ model: name, weightsSha256, preprocessing, layout }, results))

  const common = {
    model: name,
    version,
    data,
    imagesPerSecond: Math.round(results.length / seconds),
    seconds: Math.round(seconds * 10) / 10,
  }
  const before = tallyResults(results, labels, temperature)
  const found = isFitted ? await fit(results, classifier.model, before, directory, data) : { temperature, ...before }
  const evaluation: Evaluation = { ...common, ...found }
  await outputs?.writeEvaluation(print(evaluation))
  await outputs?.writePage(evaluationPage(evaluation))
  return evaluation
}

/** Fits the temperature and stores it in the model's manifest. */
async function fit (
  results: readonly ImageResult[], { labels, temperature }: LoadedModel, before: Tally, directory: string, data: string
): Promise<Tally & Required<Pick<Evaluation, 'temperature' | 'beforeFit'>>> {
  const examples = results.filter(isClassified)
  if (examples.length === 0) throw new UsageError(`Expected images that can be classified in ${data}, to fit the temperature on; none can.`)
  const fitted = fitTemperature(examples)
  await writeTemperature(directory, fitted)
  return {
    temperature: fitted,
    beforeFit: {
      temperature,
      negativeLogLikelihood: before.negativeLogLikelihood,
      expectedCalibrationError: before.calibration.expectedCalibrationError,
    },
    ...tallyResults(results, labels, fitted),
  }
}

const print = (evaluation: Evaluation): string => `${JSON.stringify(evaluation, null, 2)}\n`

async function collectResults (
  classifier: Classifier, images: readonly LabelledImage[]
): Promise<{ results: ImageResult[], seconds: number }> {
  const results: ImageResult[] = []
  const bar = progressBar('images')
  const startedAt = performance.now()
  bar.start(images.length, 0)
  try {
    for await (const result of evaluateImages(classifier, images)) {
      results.push(result)
      bar.increment()
    }
  } finally {
    bar.stop()
  }
  return { results, seconds: (performance.now() - startedAt) / 1000 }
}

/** Prepares the output files before the work, so that a path in the way is reported at once. */
async function claimOutputs (out: string) {
  await mkdir(await findOutputFolder(out), { recursive: true })
  return {
    writeResults: await claimOutputFile(join(out, outputFiles.results), { what: 'the results of an older evaluation', isOne: isResultLines }),
    writeEvaluation: await claimOutputFile(join(out, outputFiles.evaluation), { what: 'an older evaluation', isOne: isEvaluation }),
    writePage: await claimOutputFile(join(out, outputFiles.page), { what: 'an older page of this command', isOne: (text) => isPage(text, 'evaluation') }),
  }
}

/** Whether a file begins like an evaluation in JSON, as `print` writes it. */
const isEvaluation = (text: string): boolean => /^\{\n {2}"model": ".*",\n {2}"version": ".*",\n {2}"data": /.test(text)
