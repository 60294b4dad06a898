/** An evaluation as a page: the reliability diagram, every class, and the confusions. */
import { greyColour, type Chart } from '../report/chart.ts'
import { escape, figures, renderPage, section, table } from '../report/page.ts'
import type { Evaluation } from './evaluation.ts'

export function evaluationPage (evaluation: Evaluation): string {
  const { model, version, data, images } = evaluation
  const charts = evaluationCharts(evaluation)
  return renderPage('evaluation', `Evaluation of ${model}`, `Version ${version}, ${images} images of ${data}, through the pipeline that serves them.`, charts, `
${overview(evaluation)}
${figures(charts)}
${confusionTable(evaluation)}
${classTable(evaluation)}
${failureTable(evaluation)}
`)
}

export function evaluationCharts ({ calibration: { bins, expectedCalibrationError }, temperature }: Evaluation): Chart[] {
  const filled = bins.filter(({ images }) => images > 0)
  return [
    {
      id: 'reliability',
      title: 'Reliability diagram',
      explanation: 'How often the most probable class is right, by its score. On the dashed line scores mean what they say; below it the model is too sure. ' +
        `Expected calibration error ${percent(expectedCalibrationError)} at the temperature ${temperature}.`,
      type: 'scatter',
      xTitle: 'mean score of the most probable class',
      yTitle: 'share of images that are right',
      datasets: [
        { label: 'images by score', data: filled.map(({ score, accuracy }) => ({ x: score, y: accuracy })), colour: 0 },
        { label: 'perfectly calibrated', data: [{ x: 0, y: 0 }, { x: 1, y: 1 }], colour: greyColour, dashed: true },
      ],
    },
    {
      id: 'scores',
      title: 'Scores',
      explanation: 'How many images have what score. A dot of the reliability diagram is worth as much as the images behind it.',
      type: 'bar',
      xTitle: 'score of the most probable class',
      yTitle: 'images',
      xScale: 'category',
      labels: bins.map(({ from, to }) => `${from.toFixed(2)} to ${to.toFixed(2)}`),
      datasets: [{ label: 'images', data: bins.map(({ images }) => images), colour: 0 }],
    },
  ]
}

function overview ({ top1, top5, temperature, negativeLogLikelihood, calibration, beforeFit }: Evaluation): string {
  const scores = (name: string, at: number, likelihood: number, error: number): string[] =>
    [name, String(at), likelihood.toFixed(4), percent(error)]
  const now = scores('as served', temperature, negativeLogLikelihood, calibration.expectedCalibrationError)
  const before = beforeFit === undefined
    ? []
    : [scores('before the fit', beforeFit.temperature, beforeFit.negativeLogLikelihood, beforeFit.expectedCalibrationError)]
  return section('Overall', table(['top-1 %', 'top-5 %'], [[top1.toFixed(2), top5.toFixed(2)]], 0) +
    table(['scores', 'temperature', 'negative log likelihood', 'expected calibration error'], [...before, now], 1))
}

function confusionTable ({ confusions }: Evaluation): string {
  if (confusions.length === 0) return ''
  const rows = confusions.map(({ label, takenFor, images, of }) => [escape(label), escape(takenFor), String(images), String(of)])
  return section('Confused most often', table(['class', 'taken for', 'images', 'of'], rows, 2))
}

function classTable ({ classes }: Evaluation): string {
  const hardestFirst = [...classes].sort((a, b) => a.top1 - b.top1)
  const rows = hardestFirst.map(({ classIndex, label, images, top1, top5 }) =>
    [escape(label), String(classIndex), String(images), top1.toFixed(2), top5.toFixed(2)])
  return section('Classes, hardest first', table(['class', 'index', 'images', 'top-1 %', 'top-5 %'], rows, 1))
}

function failureTable ({ failed }: Evaluation): string {
  if (failed.length === 0) return ''
  const rows = failed.map(({ file, code, detail }) => [file, code, detail].map(escape))
  return section('Could not be classified', table(['image', 'code', 'why'], rows, 3), 'They count as wrong.')
}

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`
