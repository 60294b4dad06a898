/** `ghostserve classify`: labels of image files, without the service. */
import { readFile } from 'node:fs/promises'
import { InvalidArgumentError, type Command } from 'commander'
import type { Prediction } from '../pipeline/postprocess.ts'
import { ServiceError } from '../errors.ts'
import { openClassifier } from './open-classifier.ts'

const barLength = 24
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

export function addClassifyCommand (program: Command): void {
  program.command('classify')
    .description('Classify image files.')
    .argument('<model>', 'a model directory, the name of a model on the shelf, or "bundled"')
    .argument('<image...>', 'JPEG, PNG or WebP files')
    .option('-k, --top-k <count>', 'predictions an image', positiveInteger, 5)
    .option('--json', 'for programs: an array with an object an image')
    .addHelpText('after', '\nExample:\n  ghostserve classify bundled photo.jpg')
    .action(async (model: string, paths: string[], { topK, json }: { topK: number, json?: true }) => {
      const classifier = await openClassifier(model)
      try {
        const outcomes = []
        for (const file of paths) outcomes.push({ file, ...await classifyFile(file) })
        process.stdout.write(json ? `${JSON.stringify(outcomes, null, 2)}\n` : outcomes.map(formatOutcome).join('\n'))
        if (outcomes.some((outcome) => 'error' in outcome)) process.exitCode = 1
      } finally {
        await classifier.close()
      }

      async function classifyFile (path: string): Promise<Outcome> {
        try {
          const { results: [result] } = await classifier.classify([await readFile(path)], topK, new AbortController().signal)
          return result instanceof ServiceError ? { error: { code: result.code, detail: result.message } } : { predictions: result! }
        } catch (error) {
          const { code, message } = error as NodeJS.ErrnoException
          if (code === undefined) throw error
          return { error: { code, detail: message } }
        }
      }
    })
}

type Outcome = { predictions: Prediction[] } | { error: { code: string, detail: string } }

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
