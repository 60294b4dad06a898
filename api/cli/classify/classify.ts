/** `ghostserve classify`: labels of image files, without the service. */
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Classifier } from '../../engine/classifier.ts'
import { mapInOrder } from '../map-in-order.ts'
import type { Selection } from '../../engine/postprocess.ts'
import { classifyFile, filesInFlight } from './classify-file.ts'
import { classifyList, type Counts } from './classify-list.ts'
import { findImages } from './find-images.ts'
import { listFolder, readImageList, type ImageFile } from './image-list.ts'
import { openClassifier } from '../open-classifier.ts'
import { outcomeFormats, type FileOutcome, type FormatName, type OutcomeFormat } from './outcome-formats.ts'
import { positiveInteger } from '../positive-integer.ts'
import { progressBar } from '../progress.ts'
import { parseShard, type Shard } from './shard.ts'
import { standardInput } from '../standard-input.ts'
import { UsageError } from '../usage-error.ts'
import { writeOutput } from '../write-output.ts'

const wholeList: Shard = { index: 0, count: 1 }

interface Options extends Selection {
  readonly format: FormatName
  readonly json?: true
  readonly list?: string
  readonly out?: string
  readonly shard: Shard
  readonly strict?: true
}

export function addClassifyCommand (program: Command): void {
  program.command('classify')
    .description('Classify image files.')
    .argument('<model>', 'a model directory, the name of a model in the model store, or "bundled"')
    .argument('[image...]', 'JPEG, PNG or WebP files, folders of them, quoted patterns, or "-": one image on standard input')
    .option('-k, --top-k <count>', 'predictions per image', positiveInteger, 5)
    .option('--min-score <score>', 'leave out labels with a lower score (0 to 1); a file without any left is of none of these classes', score)
    .addOption(new Option('--format <name>', 'how labels are printed').choices(Object.keys(outcomeFormats)).default('table'))
    .addOption(new Option('--json', 'for programs: an array with one object per image').conflicts('format'))
    .option('--list <file>', 'a file with one path per line, relative to it, instead of image files; "-": standard input')
    .addOption(new Option('--out <file>', 'with --list: JSON lines, one per file, in order; continued where the same model and options ended').conflicts(['format', 'json']))
    .addOption(new Option('--shard <index/count>', 'with --list: only every count-th file, starting at index (0 to count - 1)')
      .argParser(parseShard).default(wholeList, 'all'))
    .option('--strict', 'with --out: exit with 1 at the first file that has no labels, instead of recording why')
    .addHelpText('after', '\nExample:\n  ghostserve classify bundled photo.jpg holiday/\n' +
      '  ghostserve classify bundled \'photos/**/*.jpg\' --format csv > labels.csv\n' +
      '  ghostserve classify bundled - < photo.jpg\n' +
      '  find photos -name \'*.png\' | ghostserve classify bundled --list - --format jsonl\n' +
      '  ghostserve classify bundled --list files.txt --shard 2/8 --out 2.jsonl' +
      '\n\nWith --out it exits with 0 if any file of the list has labels, and with 1 if none has.')
    .action(async (model: string, paths: string[], { topK, minScore, format, json, list, out, shard, strict }: Options) => {
      if (isImageFile(model)) throw new UsageError(`Expected a model before the image files: ghostserve classify bundled ${model}`)
      if (list === undefined && paths.length === 0) throw new UsageError('Expected image files, or a --list of them.')
      if (list !== undefined && paths.length > 0) throw new UsageError('Expected image files or a --list of them, got both.')
      if (list === undefined && out !== undefined) throw new UsageError('Expected --out with a --list.')
      if (out === undefined && strict) throw new UsageError('Expected --strict with --out.')
      if (paths.filter((path) => path === standardInput).length > 1) throw new UsageError('Expected "-" once: standard input is one image.')
      const files = list === undefined ? (await findImages(paths)).map((path) => ({ file: path, path })) : await readImageList(list, shard)
      const classifier = await openClassifier(model)
      const selection = { topK, ...(minScore !== undefined && { minScore }) }
      try {
        if (out !== undefined) {
          const counts = await classifyList(classifier, { files, out, selection, isStrict: strict === true })
          process.stderr.write(`${describeCounts(counts)}\n`)
          if (files.length > 0 && !counts.isAnyLabelled) {
            process.stderr.write(`Expected files with labels, got none: paths are relative to the folder of the list, ${resolve(listFolder(list!))}.\n`)
            process.exitCode = 1
          }
        } else if (json) await printArray(outcomesOf(classifier, files, selection))
        else await print(outcomesOf(classifier, files, selection), outcomeFormats[format])
      } finally {
        await classifier.close()
      }
    })
}

/** Counts in words, such as "3 labelled, 2 failed (1 ENOENT, 1 corrupt_image), 4 before." */
function describeCounts ({ labelled, failed, before }: Counts): string {
  const reasons = [...failed].map(([code, count]) => `${count} ${code}`).join(', ')
  const total = [...failed.values()].reduce((sum, count) => sum + count, 0)
  return `${labelled} labelled, ${total} failed${total === 0 ? '' : ` (${reasons})`}, ${before} before.`
}

function isImageFile (path: string): boolean {
  return /\.(?:jpe?g|png|webp|avif|gif)$/i.test(path) && existsSync(path) && statSync(path).isFile()
}

function score (text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('Expected a number from 0 to 1.')
  return value
}

/** Prints labels in the files' order. A file without labels makes the process exit with 1, after the others. */
async function * outcomesOf (
  classifier: Classifier, files: readonly ImageFile[], selection: Selection
): AsyncGenerator<FileOutcome> {
  // On a terminal the labels themselves show the progress.
  const bar = process.stderr.isTTY && !process.stdout.isTTY && files.length > 1 ? progressBar('images') : undefined
  bar?.start(files.length, 0)
  try {
    const classify = async ({ file, path }: ImageFile): Promise<FileOutcome> =>
      ({ file, ...await classifyFile(classifier, path, selection) })
    for await (const outcome of mapInOrder(files, filesInFlight(classifier), classify)) {
      if ('error' in outcome) process.exitCode = 1
      yield outcome
      bar?.increment()
    }
  } finally {
    bar?.stop()
  }
}

async function printArray (outcomes: AsyncIterable<FileOutcome>): Promise<void> {
  const all: FileOutcome[] = []
  for await (const outcome of outcomes) all.push(outcome)
  await writeOutput(`${JSON.stringify(all, null, 2)}\n`)
}

async function print (outcomes: AsyncIterable<FileOutcome>, { head, print, hasErrors }: OutcomeFormat): Promise<void> {
  await writeOutput(head)
  for await (const outcome of outcomes) {
    if (!hasErrors && 'error' in outcome) process.stderr.write(`${outcome.file}: ${outcome.error.detail}\n`)
    else if (!hasErrors && 'noneOfThese' in outcome && outcome.noneOfThese) process.stderr.write(`${outcome.file}: none of these classes\n`)
    else await writeOutput(print(outcome))
  }
}
