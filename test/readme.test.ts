/** The README shows what the service does: its answer, its codes, its catalog, its commands. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { errorCodes, ServiceError } from '../api/errors.ts'
import { catalog } from '../models/published/catalog.ts'
import { packageRoot } from '../models/package-root.ts'
import { formOf, openApp } from './api/open-app.ts'
import { readFixture } from './fixtures/index.ts'
import { promises } from './reliability/promises.ts'

const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8')

interface Prediction { label: string, wnid: string, classIndex: number, score: number }
interface Answer { model: object, results: Array<{ predictions: Prediction[] }> }

test('the answer to the first curl is the service\'s', async (t) => {
  const [, url] = /curl -F image=@test\/fixtures\/coffee\.png 'localhost:8080([^']+)'/.exec(readme) ?? []
  const shown = JSON.parse(/```json\n([^`]+)```/.exec(readme)![1]!) as Answer
  const { app } = await openApp(t)
  const answer = (await app.inject({ method: 'POST', url: url!, ...formOf(readFixture('coffee.png')) })).json<Answer>()
  assert.deepEqual(answer.model, shown.model)
  assert.equal(answer.results[0]!.predictions.length, shown.results[0]!.predictions.length)
  for (const [i, { score, ...prediction }] of answer.results[0]!.predictions.entries()) {
    const { score: shownScore, ...shownPrediction } = shown.results[0]!.predictions[i]!
    assert.deepEqual(prediction, shownPrediction)
    assert.ok(Math.abs(score - shownScore) < 1e-4, `${score}, shown as ${shownScore}`) // layouts round differently
  }
})

test('the table of problems has every code that a client can see', () => {
  const shown = [...readme.matchAll(/^\| (\d{3}) \| (.*) \|$/gm)]
    .flatMap(([, status, codes]) => codes!.split(', ').map((code) => `${status} ${code}`))
  const real = errorCodes.filter((code) => code !== 'client_gone').map((code) => `${new ServiceError(code, '').statusCode} \`${code}\``)
  assert.deepEqual(shown.sort(), real.sort())
})

test('the table of published models is the catalog', () => {
  for (const { name, description, accuracy } of catalog) {
    const reported = accuracy.map(({ top1, top5, measuredBy }) => `${top1} / ${top5} (${measuredBy})`).join('; ')
    assert.ok(readme.includes(`| \`${name}\` | ${description} | ${reported} |`), name)
  }
})

test('every npm script that prose names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const prose = ['README.md', 'CONTRIBUTING.md', 'models/README.md', 'docs/decisions/0003-blocked-layout.md']
    .map((file) => readFileSync(join(packageRoot, file), 'utf8')).join('\n')
  const named = [...prose.matchAll(/`npm (?:run )?([a-z:]+)/g)].map(([, script]) => script!).filter((script) => !['ci', 'install', 'pack'].includes(script))
  assert.ok(named.length > 8)
  for (const script of named) assert.ok(script in scripts, script)
})

test('every path that the README links to exists', () => {
  for (const [, path] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) assert.ok(existsSync(join(packageRoot, path!)), path)
})

test('the promises are those that are measured, with their bounds', () => {
  const [, table = ''] = /<!-- promises -->\n([^]*)\n<!-- \/promises -->/.exec(readme) ?? []
  const shown = [...table.matchAll(/^\| (.+?) \| (.+?) \| .+ \|$/gm)].map(([, promise, bound]) => `${promise} | ${bound}`)
  assert.deepEqual(shown.slice(1), Object.values(promises).map(({ promise, bound }) => `${promise} | ${bound}`))
})
