/** The README is short, and shows what the service does: its response, models, settings, commands and measured numbers. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { makeProgram } from '../api/cli/program.ts'
import { EnvironmentSchema } from '../api/config.ts'
import { catalog } from '../models/published/catalog.ts'
import { readManifest } from '../models/manifest/manifest.ts'
import { packageRoot } from '../models/package-root.ts'
import { formOf, openApp } from './api/open-app.ts'
import { readFixture } from './fixtures/index.ts'

const read = (path: string): string => readFileSync(join(packageRoot, path), 'utf8')
const readme = read('README.md')
const lines = readme.trimEnd().split('\n')
const isTableRow = (line: string): boolean => line.startsWith('|')
const cellsOf = (row: string): string[] => row.slice(1, -1).split('|').map((cell) => cell.trim())

interface Prediction { label: string, wnid: string, classIndex: number, score: number }
interface Response { model: object, results: Array<{ predictions: Prediction[] }> }

test('it is read in two minutes: at most 130 lines, under 900 words, no long line outside tables', () => {
  assert.ok(lines.length <= 130, `${lines.length} lines`)
  const words = readme.split(/\s+/).filter((word) => word !== '').length
  assert.ok(words < 900, `${words} words`)
  assert.deepEqual(lines.filter((line) => !isTableRow(line) && line.length > 120), [])
})

test('the response to the first curl is the service\'s', async (t) => {
  const [, url] = /curl -F image=@test\/fixtures\/coffee\.png 'localhost:8080([^']+)'/.exec(readme) ?? []
  const shown = JSON.parse(/```json\n([^`]+)```/.exec(readme)![1]!) as Response
  const { app } = await openApp(t)
  const response = (await app.inject({ method: 'POST', url: url!, ...formOf(readFixture('coffee.png')) })).json<Response>()
  assert.deepEqual(response.model, shown.model)
  assert.equal(response.results[0]!.predictions.length, shown.results[0]!.predictions.length)
  for (const [i, { score, ...prediction }] of response.results[0]!.predictions.entries()) {
    const { score: shownScore, ...shownPrediction } = shown.results[0]!.predictions[i]!
    assert.deepEqual(prediction, shownPrediction)
    assert.ok(Math.abs(score - shownScore) < 1e-4, `${score}, shown as ${shownScore}`) // layouts round differently
  }
})

test('the published models are in the catalog, with the accuracy that it has first; the bundled one with its own', async () => {
  const shown = lines.filter((line) => /^\| `ghostnet_/.test(line))
  assert.ok(shown.length >= 4, `${shown.length} models`)
  const real = catalog.map(({ name, description, accuracy: [first] }) => `| \`${name}\` | ${description} | ${first!.top1} |`)
  for (const row of shown) assert.ok(real.includes(row), row)
  const { accuracy } = await readManifest(join(packageRoot, 'models/bundled'))
  const [, top1] = /200 classes, ([\d.]+) % top-1/.exec(readme)!
  assert.ok(accuracy.some((measured) => measured.top1.toFixed(1) === top1), top1)
})

test('every setting exists and has the default that is shown', () => {
  const shown = lines.filter((line) => /^\| `[A-Z_]+` \|/.test(line)).map((row) => cellsOf(row).slice(0, 2))
  assert.ok(shown.length >= 5, `${shown.length} settings`)
  const real = Object.entries<object>(EnvironmentSchema.properties).map(([name, property]) => {
    const { default: value } = property as { default: string | number | boolean }
    return `\`${name}\` | ${value === '' ? '' : `\`${value}\``}`
  })
  for (const cells of shown) assert.ok(real.includes(cells.join(' | ')), cells.join(' | '))
})

test('every command of ghostserve that is shown exists', () => {
  const shown = [...readme.matchAll(/npx ghostserve (\w+)/g)].map(([, command]) => command!)
  assert.ok(shown.length >= 3, `${shown.length} commands`)
  const real = makeProgram().commands.map((command) => command.name())
  for (const command of shown) assert.ok(real.includes(command), command)
})

test('every npm script that prose names exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const prose = ['README.md', 'CONTRIBUTING.md', 'models/README.md', 'docs/decisions/0003-blocked-layout.md'].map(read).join('\n')
  const named = [...prose.matchAll(/`npm (?:run )?([a-z:]+)/g)].map(([, script]) => script!).filter((script) => !['ci', 'install', 'pack'].includes(script))
  assert.ok(named.length > 8)
  for (const script of named) assert.ok(script in scripts, script)
})

const webPhotos = 'photos of about 500x400 pixels'

/** Place in docs/benchmarks/peers.md of each row of the README's table: the end of the target's name, the section, the column. */
const performance: Readonly<Record<string, readonly [target: string, section: string, column: string]>> = {
  'requests/s, ghostnet_100, 500x400': ['500x400, ghostnet_100, against the best peer', `ghostnet_100, ${webPhotos}`, 'requests/s'],
  'requests/s, ghostnet_050, 500x400': ['500x400, ghostnet_050, against the best peer', `ghostnet_050, ${webPhotos}`, 'requests/s'],
  'requests/s, ghostnet_100, 12 megapixels':
    ['photos of 12 megapixels, ghostnet_100, against the best peer', 'ghostnet_100, photos of 12 megapixels', 'requests/s'],
  'CPU ms per image, ghostnet_100, 500x400': ['500x400, ghostnet_100, against the leanest peer', `ghostnet_100, ${webPhotos}`, 'CPU ms'],
}

test('the measured numbers are those of docs/benchmarks/peers.md, rounded', () => {
  const peers = read('docs/benchmarks/peers.md')
  const [date] = /\d{4}-\d{2}-\d{2}/.exec(peers)!
  assert.ok(readme.includes(`| ${date}, \`npm run loadtest:peers\` |`), `measured on ${date}`)
  let missed = 0
  for (const [title, [target, section, column]] of Object.entries(performance)) {
    const [, bar, , ratio, range, also, verdict] = peers.split('\n').filter(isTableRow).map(cellsOf).find(([what]) => what!.endsWith(target))!
    if (verdict !== 'holds') missed++
    const table = peers.split(/^## /m).find((text) => text.startsWith(`${section}\n`))!.split('\n').filter(isTableRow).map(cellsOf)
    const peer = /([^;]+), raw$/.exec(also!)![1]!.trim()
    const ours = table[table.findIndex(([server, body]) => server === peer && body === 'raw') + 1]!
    assert.equal(ours[0], 'GhostServe')
    const shown = cellsOf(lines.find((line) => line.startsWith(`| ${title} |`)) ?? '').slice(1)
    assert.equal(shown.length, 3, title)
    const exact = [ours[table[0]!.findIndex((heading) => heading.startsWith(column))]!, `${ratio} (${range})`, bar!]
    for (const [i, cell] of shown.entries()) assert.equal(roundLike(exact[i]!, cell), cell, `${title}: ${exact[i]}`)
  }
  const words = ['No target is', 'One target is', 'Two targets are', 'Three targets are', 'Four targets are']
  assert.ok(missed === 0 || readme.includes(`${words[missed]} [not met]`), `${missed} of them are missed`)
})

/** The numbers of `exact`, each with as many decimals as the number in its place in `shown`. */
function roundLike (exact: string, shown: string): string {
  const decimals = [...shown.matchAll(/[\d.]+/g)].map(([number]) => number.split('.')[1]?.length ?? 0)
  let i = 0
  return exact.replaceAll(/([\d.]+)x?/g, (_, number: string) => Number(number).toFixed(decimals[i++]))
}
