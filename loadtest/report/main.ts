/** `npm run loadtest:report`: the history as one HTML page. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { LabError } from '../lab-error.ts'
import { defaultHistory, readHistory } from '../result.ts'
import { makePage } from './page.ts'

const { history, out } = new Command('loadtest:report')
  .description('Makes one self-contained page of all results.')
  .option('--history <file>', 'results to show', defaultHistory)
  .option('-o, --out <file>', 'page to write', join(dirname(defaultHistory), 'report.html'))
  .parse().opts<{ history: string, out: string }>()

try {
  const results = readHistory(history)
  if (results.length === 0) throw new LabError('BAD_RESULT', `Expected results in ${history}, which is empty.`)
  mkdirSync(dirname(resolve(out)), { recursive: true })
  writeFileSync(out, makePage(results))
  process.stdout.write(`${results.length} results: ${resolve(out)}\n`)
} catch (error) {
  if (!(error instanceof LabError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
