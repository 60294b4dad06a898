import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { rows } from './catalogue.ts'
import { documentedCases, documentPath, renderDocument } from './document.ts'

test('every row of the catalogue has a case, and every case a row', () => {
  assert.deepEqual([...new Set(documentedCases.map(({ row }) => row))].sort((a, b) => a - b), Object.keys(rows).map(Number))
})

test('docs/reference/hostile-inputs.md is what `npm run docs:hostile` writes', () => {
  assert.equal(readFileSync(documentPath, 'utf8'), renderDocument())
})
