/** The committed run of the comparison: its page, and what is said of the bars that it does not hold. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { judge, listBars } from '../../../loadtest/peers/bars.ts'
import { writeReport } from '../../../loadtest/peers/report.ts'
import type { Results } from '../../../loadtest/peers/results.ts'
import { packageRoot } from '../../../models/package-root.ts'

const read = (name: string): string => readFileSync(join(packageRoot, 'docs/benchmarks', name), 'utf8')
const results = JSON.parse(read('peers.json')) as Results

test('docs/benchmarks/peers.md is what the results say', () => assert.equal(read('peers.md'), writeReport(results)))

test('every bar was measured, and what stands in the way of one that does not hold has its section', () => {
  const sections = read('in-the-way.md').split(/^## /m).slice(1)
  const headings = new Map(sections.map((section) => [section.split('\n')[0]!.toLowerCase().replaceAll(' ', '-').replaceAll('.', ''), section]))
  for (const bar of listBars(results)) {
    assert.notEqual(judge(bar), 'not measured', bar.what)
    if (judge(bar) !== 'does not hold') continue
    for (const part of ['Tried', 'In the way']) assert.match(headings.get(bar.subject) ?? '', new RegExp(`\\*\\*${part}`), `${bar.subject}: ${part}`)
  }
})

test('every peer ran', () => assert.deepEqual(results.gaps, []))
