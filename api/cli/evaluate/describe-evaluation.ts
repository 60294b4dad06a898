/** Description of an evaluation in words and tables, for the terminal. */
import { table } from '../describe-model.ts'
import type { Evaluation } from './evaluation.ts'

/** Rows that fit a screen; the report has all. */
const maxRows = 10
const columnWidth = 40

export function describeEvaluation (evaluation: Evaluation): string {
  const { model, version, images, top1, top5, imagesPerSecond, failed } = evaluation
  const rate = imagesPerSecond === 0 ? 'all of them classified before' : `${imagesPerSecond} images/s`
  return [
    `${model} (${version}) on ${images} images: top-1 ${top1.toFixed(2)} %, top-5 ${top5.toFixed(2)} %, ${rate}`,
    describeScores(evaluation),
    describeClasses(evaluation),
    describeConfusions(evaluation),
    failed.length === 0 ? '' : `${failed.length} could not be classified and count as wrong:\n${failed.map(({ file, detail }) => `  ${printable(file)}: ${detail}`).join('\n')}`,
  ].filter((paragraph) => paragraph !== '').join('\n\n') + '\n'
}

function describeScores ({ temperature, negativeLogLikelihood, calibration, beforeFit }: Evaluation): string {
  const row = (name: string, at: number, likelihood: number, error: number): string[] =>
    [name, String(at), likelihood.toFixed(4), `${(error * 100).toFixed(2)} %`]
  const now = row('', temperature, negativeLogLikelihood, calibration.expectedCalibrationError)
  const rows = beforeFit === undefined
    ? [now]
    : [row('before', beforeFit.temperature, beforeFit.negativeLogLikelihood, beforeFit.expectedCalibrationError), ['fitted', ...now.slice(1)]]
  return table([['scores', 'temperature', 'negative log likelihood', 'expected calibration error'], ...rows], new Set([1, 2, 3]))
}

function describeClasses ({ classes }: Evaluation): string {
  if (classes.length < 2) return ''
  const hardest = [...classes].sort((a, b) => a.top1 - b.top1).slice(0, maxRows)
  const rows = hardest.map(({ label, images, top1, top5 }) => [shorten(label), String(images), top1.toFixed(2), top5.toFixed(2)])
  return table([['hardest classes', 'images', 'top-1 %', 'top-5 %'], ...rows], new Set([1, 2, 3]))
}

function describeConfusions ({ confusions }: Evaluation): string {
  if (confusions.length === 0) return ''
  const rows = confusions.slice(0, maxRows)
    .map(({ label, takenFor, images, of }) => [shorten(label), shorten(takenFor), String(images), String(of)])
  return table([['confused most often', 'taken for', 'images', 'of'], ...rows], new Set([2, 3]))
}

/** Removes what a terminal would obey: names in archives and labels are untrusted text. */
function printable (text: string): string {
  return text.replaceAll(/\p{C}/gu, '\uFFFD')
}

/** Cuts a label to the width of its column: WordNet's labels list synonyms. */
function shorten (label: string): string {
  const text = printable(label)
  return text.length <= columnWidth ? text : `${text.slice(0, columnWidth - 1)}…`
}
