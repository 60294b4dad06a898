/**
 * `npm run loadtest:peers`: our service and other servers in turn on this machine, with the same weights, photos and load, and the
 * targets that the project sets itself. The full form takes 40 minutes and writes docs/benchmarks/peers.md; `--quick` takes some
 * minutes, shows that everything runs, and its numbers mean little.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packageRoot } from '../../models/package-root.ts'
import { LabError } from '../lab-error.ts'
import { Comparer, type Effort } from './compare-servers.ts'
import { peers } from './contestants.ts'
import { cleanUpAtExit } from './process-group.ts'
import { writeReport } from './report.ts'

const full: Effort = { rounds: 3, seconds: 12, warmUpSeconds: 3, finalists: 3, startRounds: 7, graphRounds: 15, idleBlocks: 8 }
const quick: Effort = { rounds: 1, seconds: 4, warmUpSeconds: 1, finalists: 1, startRounds: 1, graphRounds: 5, idleBlocks: 2 }

try {
  await main()
} catch (error) {
  if (!(error instanceof LabError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

async function main (): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, peers: { type: 'string' } } })
  const names = values.peers?.split(';')
  const unknown = names?.filter((name) => !peers.some((peer) => peer.name === name)) ?? []
  if (unknown.length > 0) {
    throw new LabError('BAD_REQUEST', `Expected peers, separated by semicolons, of ${peers.map(({ name }) => name).join('; ')}; got ${unknown.join('; ')}.`)
  }
  const targets = peers.filter(({ name }) => names?.includes(name) ?? true)
  const startedAt = performance.now()
  const log = (sentence: string): void => {
    process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${sentence}\n`)
  }
  cleanUpAtExit()
  const results = await new Comparer(values.quick ? quick : full, log).run(targets)

  const benchmarks = join(packageRoot, 'docs/benchmarks')
  const folder = values.quick || names !== undefined ? join(packageRoot, '.ghostserve/loadtest') : benchmarks
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'peers.json'), `${JSON.stringify(results, null, 2)}\n`)
  await writeFile(join(folder, 'peers.md'), writeReport(results))
  process.stdout.write(`${writeReport(results)}\nWritten to ${folder}.\n`)
}
