/** `npm run docs:results`: puts the table of results into the README. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../models/package-root.ts'
import { resultsMarks, resultsTable } from './results-table.ts'

const path = join(packageRoot, 'README.md')
const readme = readFileSync(path, 'utf8')
const [, start, shown, end] = resultsMarks.exec(readme)!
writeFileSync(path, readme.replace(`${start}${shown}${end}`, () => `${start}${resultsTable()}${end}`))
