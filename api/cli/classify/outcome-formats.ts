/** Output formats of `classify`. */
import { stringify } from 'csv-stringify/sync'
import type { Outcome } from './classify-file.ts'

export type FileOutcome = { readonly file: string } & Outcome

export interface OutcomeFormat {
  /** Text before the first file. */
  readonly head: string
  /** Formats the lines of one file. */
  readonly print: (outcome: FileOutcome) => string
  /** Whether the lines include the error of a file without labels. */
  readonly hasErrors: boolean
}

const barLength = 24
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const columns = ['file', 'rank', 'label', 'wnid', 'classIndex', 'score'] as const

export const outcomeFormats = {
  /** A table for a terminal, with one bar per label. */
  table: { head: '', print: printBars, hasErrors: true },
  /** One JSON object per line. */
  jsonl: { head: '', print: (outcome) => `${JSON.stringify(outcome)}\n`, hasErrors: true },
  /** CSV with the quoting of RFC 4180, one row per label. */
  csv: { head: stringify([columns]), print: printRows, hasErrors: false },
} as const satisfies Record<string, OutcomeFormat>

export type FormatName = keyof typeof outcomeFormats

function printBars ({ file, ...outcome }: FileOutcome): string {
  if ('error' in outcome) return `${file}\n  ${outcome.error.detail}\n\n`
  if (outcome.noneOfThese === true) return `${file}\n  none of these classes\n\n`
  const lines = outcome.predictions.map(({ label, score }) => `  ${(score * 100).toFixed(1).padStart(5)} %  ${bar(score)}  ${label}\n`)
  return `${file}\n${lines.join('')}\n`
}

/** A bar in eighths of a character, padded to its full length. */
function bar (fraction: number): string {
  const units = Math.round(fraction * barLength * 8)
  return `${'█'.repeat(Math.floor(units / 8))}${eighths[units % 8]}`.padEnd(barLength)
}

function printRows ({ file, ...outcome }: FileOutcome): string {
  if ('error' in outcome) return ''
  return stringify(outcome.predictions.map((prediction, i) => ({ file, rank: i + 1, ...prediction })), { columns: [...columns] })
}
