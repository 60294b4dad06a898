/** `ghostserve evaluate`: top-1 and top-5 of a model on labelled images, through the pipeline that serves it. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import PQueue from 'p-queue'
import { ServiceError } from '../errors.ts'
import { listLabelledImages, type LabelledImage } from './labelled-images.ts'
import { openClassifier } from './open-classifier.ts'
import { progressBar } from './progress.ts'
import { UsageError } from './usage-error.ts'

/** Enough to keep full batches waiting; the rest of the files stays on disk. */
const imagesInFlight = 64

interface Evaluation {
  model: string
  version: string
  images: number
  /** Percent. */
  top1: number
  top5: number
  imagesPerSecond: number
  seconds: number
  /** Images that could not be classified; they count as wrong. */
  failed: Array<{ file: string, code: string, detail: string }>
}

export function addEvaluateCommand (program: Command): void {
  program.command('evaluate')
    .description('Measure top-1 and top-5 on labelled images, through the pipeline that serves them.')
    .argument('<model>', 'a model directory, the name of a model on the shelf, or "bundled"')
    .requiredOption('-d, --data <path>', 'a folder with a folder of images per class (named by WordNet id, label or class index), or a text file ' +
      'with an image\'s name and its class a line; names are relative to the file or to `images/` beside it')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  ghostserve evaluate bundled --data val/')
    .action(async (model: string, { data, json }: { data: string, json?: true }) => {
      const evaluation = await evaluate(model, data)
      process.stdout.write(json ? `${JSON.stringify(evaluation, null, 2)}\n` : formatEvaluation(evaluation))
    })
}

async function evaluate (model: string, data: string): Promise<Evaluation> {
  const classifier = await openClassifier(model)
  try {
    const images = await listLabelledImages(data, classifier.model.labels)
    if (images.length === 0) throw new UsageError(`Expected labelled images in ${data}, found none.`)
    const bar = progressBar('images')
    const startedAt = performance.now()
    const ranks: number[] = []
    const failed: Evaluation['failed'] = []

    const rank = async ({ path, classIndex }: LabelledImage): Promise<void> => {
      const { results: [result] } = await classifier.classify([await readFile(path)], 5, new AbortController().signal)
      if (result instanceof ServiceError) failed.push({ file: path, code: result.code, detail: result.message })
      else ranks.push(result!.findIndex((prediction) => prediction.classIndex === classIndex))
      bar.increment()
    }
    const queue = new PQueue({ concurrency: Math.min(imagesInFlight, classifier.maxQueueSize) })
    bar.start(images.length, 0)
    try {
      await queue.addAll(images.map((image) => () => rank(image)))
    } finally {
      queue.clear()
      bar.stop()
    }

    const seconds = (performance.now() - startedAt) / 1000
    const percent = (count: number): number => Math.round((count / images.length) * 10_000) / 100
    return {
      model: classifier.model.manifest.name,
      version: classifier.model.version,
      images: images.length,
      top1: percent(ranks.filter((place) => place === 0).length),
      top5: percent(ranks.filter((place) => place >= 0).length),
      imagesPerSecond: Math.round(images.length / seconds),
      seconds: Math.round(seconds * 10) / 10,
      failed,
    }
  } finally {
    await classifier.close()
  }
}

function formatEvaluation ({ model, version, images, top1, top5, imagesPerSecond, failed }: Evaluation): string {
  const failures = failed.map(({ file, detail }) => `  ${file}: ${detail}\n`).join('')
  return `${model} (${version}) on ${images} images: top-1 ${top1.toFixed(2)} %, top-5 ${top5.toFixed(2)} %, ${imagesPerSecond} images/s\n` +
    (failed.length === 0 ? '' : `${failed.length} could not be classified and count as wrong:\n${failures}`)
}
