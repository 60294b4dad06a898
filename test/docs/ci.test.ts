/** The jobs of CI run every stage of .ci/run, but for those that CONTRIBUTING.md names, and CONTRIBUTING.md has every job. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { parse } from 'yaml'
import { packageRoot } from '../../models/package-root.ts'

interface Entry { readonly name: string, readonly node: number, readonly minutes: number, readonly stages: string }
interface Job { readonly strategy: { readonly matrix: { readonly include: readonly Entry[] } } }

const read = (path: string): string => readFileSync(join(packageRoot, path), 'utf8')
const contributing = read('CONTRIBUTING.md')
const { jobs } = parse(read('.github/workflows/ci.yml')) as { jobs: Record<string, Job> }
const entries = Object.entries(jobs).flatMap(([job, { strategy }]) => strategy.matrix.include.map((entry) => ({ job, ...entry })))
/** Words as a shell splits them. */
const stagesOf = ({ stages }: Entry): string[] => [...stages.matchAll(/'([^']+)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!)
const budgets = new Map([...read('.ci/run').matchAll(/^ *stage '([^']+)' (\d+) /gm)].map(([, stage, seconds]) => [stage!, Number(seconds)]))

test('every stage is in a job, or CONTRIBUTING.md says that none has what it needs; every job names stages that exist', () => {
  const elsewhere = /These stages run only [^]*?\n\n/.exec(contributing)![0].replaceAll(/\s+/g, ' ')
  const inJobs = new Set(entries.flatMap(stagesOf))
  assert.ok(budgets.size > 20 && inJobs.size > 15)
  for (const stage of budgets.keys()) assert.notEqual(inJobs.has(stage), elsewhere.includes(`\`${stage}\``), stage)
  for (const stage of inJobs) assert.ok(budgets.has(stage), stage)
})

test('a job has the time that its stages may take', () => {
  for (const entry of entries) {
    const seconds = stagesOf(entry).map((stage) => budgets.get(stage)!).reduce((sum, budget) => sum + budget, 0)
    assert.ok(entry.minutes * 60 > seconds, `${entry.name}: ${entry.minutes} min for ${seconds} s`)
  }
})

test('CONTRIBUTING.md has every job, and says which are nightly', () => {
  for (const { job, name } of entries) {
    const shown = job === 'nightly' ? `nightly ${name}` : name.replace(/ \(.*/, '')
    const row = contributing.split('\n').find((line) => line.startsWith('|') && line.split('|')[1]!.includes(`\`${shown}\``))
    assert.equal(row?.split('|')[2]!.trim(), job === 'nightly' ? 'nightly' : 'every push and pull request', name)
  }
  assert.deepEqual([...new Set(entries.filter(({ name }) => name.startsWith('test')).map(({ node }) => node))], [20, 22, 24])
})
