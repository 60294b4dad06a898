/** `ghostserve classify`: labels of image files, without the service. */
import { InvalidArgumentError, type Command } from 'commander'
import { classifyFile, type Outcome } from './classify-file.ts'
import { classifyList } from './classify-list.ts'
import { findImages } from './find-images.ts'
import { openClassifier } from './open-classifier.ts'
import { parseShard, type Shard } from './shard.ts'
import { UsageError } from './usage-error.ts'

const barLength = 24
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

interface Options {
  readonly topK: number
  readonly json?: true
  readonly list?: string
  readonly out?: string
  readonly shard: Shard
}

export function addClassifyCommand (program: Command): void {
  program.command('classify')
    .description('Classify image files.')
    .argument('<model>', 'a model directory, the name of a model on the shelf, or "bundled"')
    .argument('[image...]', 'JPEG, PNG or WebP files, or folders of them')
    .option('-k, --top-k <count>', 'predictions an image', positiveInteger, 5)
    .option('--json', 'for programs: an array with an object an image')
    .option('--list <file>', 'a file with a path a line, relative to it, instead of image files')
    .option('--out <file>', 'of --list: JSON lines, one a file, in order; continued where it ends')
    .option('--shard <index/count>', 'of --list: every count-th file only, from index (0 to count - 1) on', parseShard, { index: 0, count: 1 })
    .addHelpText('after', '\nExample:\n  ghostserve classify bundled photo.jpg holiday/\n' +
      '  ghostserve classify bundled --list files.txt --shard 2/8 --out 2.jsonl')
    .action(async (model: string, paths: string[], { topK, json, list, out, shard }: Options) => {
      if (list === undefined && paths.length === 0) throw new UsageError('Expected image files, or a --list of them.')
      if (list !== undefined && (paths.length > 0 || out === undefined)) throw new UsageError('Expected --list with --out, and no other image files.')
      const files = await findImages(paths)
      const classifier = await openClassifier(model)
      try {
        if (list !== undefined) {
          const { done, before } = await classifyList(classifier, { list, out: out!, shard, topK })
          process.stderr.write(`${done} files classified, ${before} had been before.\n`)
          return
        }
        const outcomes = []
        for (const file of files) outcomes.push({ file, ...await classifyFile(classifier, file, topK) })
        process.stdout.write(json ? `${JSON.stringify(outcomes, null, 2)}\n` : outcomes.map(formatOutcome).join('\n'))
        if (outcomes.some((outcome) => 'error' in outcome)) process.exitCode = 1
      } finally {
        await classifier.close()
      }
    })
}

function formatOutcome ({ file, ...outcome }: { file: string } & Outcome): string {
  if ('error' in outcome) return `${file}\n  ${outcome.error.detail}\n`
  const lines = outcome.predictions.map(({ label, score }) => `  ${(score * 100).toFixed(1).padStart(5)} %  ${bar(score)}  ${label}`)
  return `${[file, ...lines].join('\n')}\n`
}

/** A bar in eighths of a character, padded to its full length. */
function bar (fraction: number): string {
  const units = Math.round(fraction * barLength * 8)
  return `${'█'.repeat(Math.floor(units / 8))}${eighths[units % 8]}`.padEnd(barLength)
}

function positiveInteger (text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.')
  return value
}
