/** `npm run loadtest:compare -- BASE [HEAD]`: has HEAD become slower than BASE, beyond noise, and in which stage? */
import { Command, InvalidArgumentError } from 'commander'
import { table } from '../api/cli/describe-model.ts'
import { packageRoot } from '../models/package-root.ts'
import { buildCheckout, checkOut } from './checkouts.ts'
import { LabError } from './lab-error.ts'
import { runPairs } from './paired-runs.ts'
import { judgeChanges, measureChanges, type Change } from './regression.ts'

interface CompareOptions {
  pairs: number
  seconds: number
  model: string
  tolerance: number
}

const program = new Command('loadtest:compare')
  .description('Runs two commits alternately under the same load. Ends with 1 if the second is slower beyond noise, and names the stage.')
  .argument('<base>', 'commit to compare with')
  .argument('[head]', 'commit to judge (default: this checkout as it is)')
  .option('--pairs <count>', 'slices of each, alternating; at least 2', atLeastTwo, 12)
  .option('--seconds <seconds>', 'of each of the two loads of a slice', Number, 4)
  .option('-m, --model <name>', 'ghostnet_050, ghostnet_100, ghostnet_130, or what MODEL may be', 'ghostnet_100')
  .option('--tolerance <share>', 'smallest change that counts', Number, 0.03)

program.parse()
const [baseCommit = '', headCommit] = program.args
const { pairs, seconds, model, tolerance } = program.opts<CompareOptions>()

try {
  await using base = await checkOut(baseCommit)
  await using head = headCommit === undefined ? undefined : await checkOut(headCommit)
  const headRoot = head?.root ?? packageRoot
  for (const root of [base.root, headRoot]) await buildCheckout(root)
  const changes = measureChanges(await runPairs(base.root, headRoot, { pairs, seconds, model, log }))
  const { regressions, stage } = judgeChanges(changes, tolerance)
  process.stdout.write(`${printChanges(changes)}\n`)
  for (const { name, ratio } of regressions) log(`SLOWER  ${name}: ${ratio.toFixed(3)} times ${base.sha.slice(0, 7)}`)
  if (regressions.length === 0) log(`No regression beyond noise and ${tolerance * 100} %.`)
  else if (stage !== undefined) log(`STAGE   ${stage} grew`)
  process.exitCode = regressions.length === 0 ? 0 : 1
} catch (error) {
  if (!(error instanceof LabError)) throw error
  log(error.message)
  process.exitCode = 1
}

function printChanges (changes: readonly Change[]): string {
  const rows = changes.map(({ name, base, head, ratio, low, high }) =>
    [name, base.toFixed(2), head.toFixed(2), ratio.toFixed(3), `${low.toFixed(3)} to ${high.toFixed(3)}`])
  return table([['what', 'base', 'head', 'head / base', '95 % interval'], ...rows], new Set([1, 2, 3]))
}

function atLeastTwo (text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 2) throw new InvalidArgumentError(`Expected a whole number of at least 2, got ${JSON.stringify(text)}.`)
  return value
}

function log (sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}
