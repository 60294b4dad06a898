/** `npm run loadtest:report`: the history as one HTML page. */
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { claimOutputFile, findOutputFolder } from '../../api/cli/output-path.ts'
import { TryAgainError, UsageError, usageExitCode } from '../../api/cli/usage-error.ts'
import { isPage } from '../../api/cli/report/page.ts'
import { LabError } from '../lab-error.ts'
import { defaultHistory, readHistory } from '../result.ts'
import { makePage } from './page.ts'

const { history, out, force } = new Command('loadtest:report')
  .description('Makes one self-contained page of all results.')
  .option('--history <file>', 'results to show', defaultHistory)
  .option('-o, --out <file>', 'page to write', join(dirname(defaultHistory), 'report.html'))
  .option('--force', 'replace any file by the page, not only an older page')
  .parse().opts<{ history: string, out: string, force?: true }>()

try {
  const results = readHistory(history)
  if (results.length === 0) throw new LabError('BAD_RESULT', `Expected results in ${history}, which is empty.`)
  await mkdir(await findOutputFolder(dirname(resolve(out))), { recursive: true })
  const write = await claimOutputFile(out, { what: 'an older page', isOne: (beginning) => isPage(beginning, 'load tests') }, force)
  await write(makePage(results))
  process.stdout.write(`${results.length} results: ${resolve(out)}\n`)
} catch (error) {
  if (!(error instanceof LabError || error instanceof TryAgainError || error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = error instanceof UsageError ? usageExitCode : 1
}
