/** `ghostserve evaluate`: how good a model is on labelled images, through the pipeline that serves it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { findModelDirectory } from '../../models/shelf.ts'
import { writeTemperature } from '../../models/write-temperature.ts'
import type { Classifier } from '../classifier.ts'
import { readConfig } from '../config.ts'
import { describeEvaluation } from '../evaluation/describe-evaluation.ts'
import { evaluateImages } from '../evaluation/evaluate-images.ts'
import { evaluationPage } from '../evaluation/evaluation-page.ts'
import type { Evaluation } from '../evaluation/evaluation.ts'
import { fitTemperature } from '../evaluation/fit-temperature.ts'
import { isClassified, type ImageResult } from '../evaluation/image-result.ts'
import type { LabelledImage } from '../evaluation/labelled-image.ts'
import { listLabelledImages } from '../evaluation/list-labelled-images.ts'
import { ResultsFile } from '../evaluation/results-file.ts'
import { tallyResults } from '../evaluation/tally.ts'
import { openClassifier } from './open-classifier.ts'
import { progressBar } from './progress.ts'
import { UsageError } from './usage-error.ts'

interface EvaluateOptions { data: string, groundTruth?: string, out?: string, fitTemperature?: true, json?: true }

/** In the folder of `--out`. */
const outputFiles = { results: 'images.jsonl', evaluation: 'evaluation.json', page: 'report.html' } as const

export function addEvaluateCommand (program: Command): void {
  program.command('evaluate')
    .description('Measure top-1, top-5 and calibration on labelled images, through the pipeline that serves them.')
    .argument('<model>', 'a model directory, the name of a model on the shelf, or "bundled"')
    .requiredOption('-d, --data <path>', 'a folder with a folder of images per class (named by WordNet id, label or class index); WebDataset shards ' +
      '(KEY.jpg and KEY.cls in a tar archive, or a folder of them); or a text file with an image\'s name and its class a line; names are relative ' +
      'to the file or to `images/` beside it')
    .option('-g, --ground-truth <file>', 'classes of images that lie side by side in one folder: ImageNet\'s val.txt, LOC_val_solution.csv or ' +
      'validation_synset_labels.txt (a class a line, in the order of the sorted names)')
    .option('-o, --out <folder>', `write ${Object.values(outputFiles).join(', ')}; an evaluation that was interrupted goes on where it was`)
    .option('--fit-temperature', 'fit the temperature of the scores on these images and store it in the model\'s manifest')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  ghostserve evaluate bundled --data val/ --out evaluation/')
    .action(async (model: string, options: EvaluateOptions) => {
      const evaluation = await evaluate(model, options)
      const json = `${JSON.stringify(evaluation, null, 2)}\n`
      if (options.out !== undefined) {
        await writeFile(join(options.out, outputFiles.evaluation), json)
        await writeFile(join(options.out, outputFiles.page), evaluationPage(evaluation))
      }
      process.stdout.write(options.json ? json : describeEvaluation(evaluation))
    })
}

async function evaluate (model: string, { data, groundTruth, out, fitTemperature: isFitted }: EvaluateOptions): Promise<Evaluation> {
  const classifier = await openClassifier(model)
  const { manifest, labels, version, temperature } = classifier.model
  const { results, classified, seconds } = await listLabelledImages(data, labels, groundTruth)
    .then(async (images) => await collectResults(classifier, images, out))
    .finally(async () => await classifier.close())

  const before = tallyResults(results, labels, temperature)
  const common = {
    model: manifest.name,
    version,
    data,
    imagesPerSecond: Math.round(classified / seconds),
    seconds: Math.round(seconds * 10) / 10,
  }
  if (isFitted !== true) return { ...common, temperature, ...before }
  const examples = results.filter(isClassified)
  if (examples.length === 0) throw new UsageError(`Expected images that can be classified in ${data}, to fit the temperature on; none can.`)
  const fitted = fitTemperature(examples)
  await writeTemperature(findModelDirectory(model, readConfig().modelDir), fitted)
  return {
    ...common,
    temperature: fitted,
    beforeFit: {
      temperature,
      negativeLogLikelihood: before.negativeLogLikelihood,
      expectedCalibrationError: before.calibration.expectedCalibrationError,
    },
    ...tallyResults(results, labels, fitted),
  }
}

/** What former runs left in the folder, and what they did not come to. */
async function collectResults (
  classifier: Classifier, images: readonly LabelledImage[], out: string | undefined
): Promise<{ results: ImageResult[], classified: number, seconds: number }> {
  const { file, before } = out === undefined ? { file: undefined, before: [] } : await openResults(classifier, images, out)
  const results: ImageResult[] = [...before]
  const bar = progressBar('images')
  const startedAt = performance.now()
  bar.start(images.length - before.length, 0)
  try {
    for await (const result of evaluateImages(classifier, images.slice(before.length))) {
      await file?.append(result)
      results.push(result)
      bar.increment()
    }
  } finally {
    bar.stop()
    await file?.close()
  }
  return { results, classified: results.length - before.length, seconds: (performance.now() - startedAt) / 1000 }
}

async function openResults (
  classifier: Classifier, images: readonly LabelledImage[], out: string
): Promise<{ file: ResultsFile, before: ImageResult[] }> {
  const { manifest: { name, weights, preprocessing, classes }, layout } = classifier.model
  await mkdir(out, { recursive: true })
  const evaluated = { model: name, weightsSha256: weights.sha256, preprocessing, layout }
  return await ResultsFile.open(join(out, outputFiles.results), evaluated, images, classes)
}
