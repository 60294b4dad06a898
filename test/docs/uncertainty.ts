/**
 * The numbers of docs/explanation/uncertainty.md, from docs/benchmarks/unknown-classes.json.
 * Run as built, it writes them: `npm run docs:uncertainty`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { replaceSection } from '../../loadtest/generated-section.ts'
import { packageRoot } from '../../models/package-root.ts'

export const uncertaintyDocument = join(packageRoot, 'docs/explanation/uncertainty.md')
export const uncertaintySection = 'measured'

/** As `python -m ghostnet_training.unknown_classes` writes it: shares from 0 to 1, but `top1` in percent. */
interface Measured {
  readonly model: string
  readonly weightsSha256: string
  readonly framework: string
  readonly classes: number
  readonly heldOut: number
  readonly trainPhotos: number
  readonly recall: number
  readonly splits: readonly Split[]
}

interface Split {
  readonly knownPhotos: number
  readonly unknownPhotos: number
  readonly top1: number
  readonly temperature: number
  readonly expectedCalibrationError: { readonly before: number, readonly after: number }
  readonly scores: Readonly<Record<keyof typeof scoreNames, { readonly auroc: number, readonly falseAcceptRate: number }>>
  readonly minScores: readonly Acceptance[]
}

interface Acceptance {
  readonly minScore: number
  readonly recall: number
  readonly falseAcceptRate: number
  /** Null where nothing was accepted. */
  readonly right: number | null
}

const scoreNames = {
  maximumProbability: 'largest probability, with the temperature (what `minScore` is held against)',
  maximumLogit: 'largest logit',
  energy: 'energy: the logarithm of the sum of all exp(logit)',
} as const

const shownMinScores = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]

export const readMeasured = (): Measured => JSON.parse(readFileSync(join(packageRoot, 'docs/benchmarks/unknown-classes.json'), 'utf8')) as Measured

export function renderUncertaintySection (
  { model, weightsSha256, framework, classes, heldOut, trainPhotos, recall, splits }: Measured
): string {
  const over = (valueOf: (split: Split) => number): number[] => splits.map(valueOf)
  const [{ knownPhotos, unknownPhotos }] = splits as [Split, ...Split[]]
  const scoreRows = (Object.keys(scoreNames) as Array<keyof typeof scoreNames>).map((name) =>
    `| ${scoreNames[name]} | ${spread(over(({ scores }) => 100 * scores[name].auroc))} | ${spread(over(({ scores }) => 100 * scores[name].falseAcceptRate))} |`)
  const minScoreRows = shownMinScores.map((minScore) => {
    const rows = splits.map(({ minScores }) => minScores.find((row) => row.minScore === minScore)!)
    const shareOf = (shares: ReadonlyArray<number | null>): string => shares.includes(null) ? '' : `${(100 * mean(shares as number[])).toFixed(1)} %`
    return `| ${minScore} | ${shareOf(rows.map((row) => row.recall))} | ${shareOf(rows.map((row) => row.falseAcceptRate))} | ${shareOf(rows.map(({ right }) => right))} |`
  })
  return [
    `${model} (weights ${weightsSha256.slice(0, 12)}), ${framework}; ${splits.length} draws of ${heldOut} of its ${classes} classes, ${trainPhotos} training photos of all classes, in each draw ` +
      `${knownPhotos} photos of known and ${unknownPhotos} of held-out classes. Means over the draws, in brackets the lowest and the highest.`,
    '',
    `The new heads are right in ${spread(over(({ top1 }) => top1))} % of the known photos. The temperatures are ${spread(over(({ temperature }) => temperature), 2)}; with them the expected ` +
      `calibration error falls from ${spread(over(({ expectedCalibrationError: { before } }) => 100 * before))} % to ${spread(over(({ expectedCalibrationError: { after } }) => 100 * after))} %.`,
    '',
    `| score | AUROC, % | false-accept rate at ${100 * recall} % recall, % |`,
    '|---|---|---|',
    ...scoreRows,
    '',
    '| `minScore` | photos of known classes that keep a label (recall) | photos of held-out classes that get one (false accepts) | of the former, right |',
    '|---|---|---|---|',
    ...minScoreRows,
  ].join('\n')
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Mean, lowest and highest. */
function spread (values: readonly number[], digits = 1): string {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return `${mean(values).toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(uncertaintyDocument, replaceSection(readFileSync(uncertaintyDocument, 'utf8'), uncertaintySection, renderUncertaintySection(readMeasured())))
}
