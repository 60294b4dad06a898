/**
 * `npm run promises`: measures each reliability target (or those named), one after another, because they would disturb
 * each other, and prints a table of them. Fails if one does not hold.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { packageRoot } from '../../models/package-root.ts'
import type { PromiseReport } from './keep-promise.ts'
import { promiseNames, promises, type PromiseName } from './promises.ts'

const { positionals } = parseArgs({ allowPositionals: true })
const unknown = positionals.filter((name) => !(name in promises))
if (unknown.length > 0) {
  process.stderr.write(`Expected names of promises (${promiseNames.join(', ')}), got ${unknown.join(', ')}.\n`)
  process.exit(2)
}

const names = positionals.length === 0 ? promiseNames : positionals as PromiseName[]
const reports: PromiseReport[] = []
for (const name of names) reports.push(await measure(name))
const widths = [names, ['not measured'], reports.map(({ bound }) => bound)].map((column) => Math.max(...column.map((cell) => cell.length)))
process.stdout.write(`\n${reports.map(toLine).join('\n')}\n`)
for (const { name, measured } of reports.filter(({ holds }) => holds === undefined)) {
  process.stdout.write(`\n!!! NOT MEASURED: ${name}: ${measured}\n`)
}
for (const { name, bound, measured } of reports.filter(({ holds }) => holds === false)) {
  process.stdout.write(`\nBROKEN: ${name}: ${measured}; expected ${bound}\n`)
}
process.exitCode = reports.some(({ holds }) => holds === false) ? 1 : 0

/** Runs the file of a target, which is a test; its own report goes to standard error. */
async function measure (name: PromiseName): Promise<PromiseReport> {
  process.stderr.write(`\n=== ${name}\n`)
  const file = fileURLToPath(new URL(`./${name}.promise.js`, import.meta.url))
  const args = ['--enable-source-maps', '--test-reporter=spec', '--test-reporter-destination=stderr', file]
  const child = spawn(process.execPath, args, { cwd: packageRoot, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  const [exitCode] = await once(child, 'close') as [number | null]
  const line = output.split('\n').find((line) => line.startsWith('{'))
  if (line === undefined) return { name, ...promises[name], measured: `ended with ${exitCode} and without a report`, holds: false }
  return JSON.parse(line) as PromiseReport
}

function describeVerdict ({ holds }: Pick<PromiseReport, 'holds'>): string {
  return holds === undefined ? 'not measured' : holds ? 'holds' : 'BROKEN'
}

function toLine ({ name, bound, measured, ...report }: PromiseReport): string {
  const cells = [name, describeVerdict(report), bound]
  return [...cells.map((cell, i) => cell.padEnd(widths[i]!)), measured].join('  ')
}
