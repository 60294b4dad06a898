/** The documents agree with the code, and their links lead somewhere. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { makeProgram } from '../../api/cli/program.ts'
import { EnvironmentSchema } from '../../api/config.ts'
import { errorCodes, ServiceError } from '../../api/errors.ts'
import { catalog } from '../../models/published/catalog.ts'
import { packageRoot } from '../../models/package-root.ts'
import { promises } from '../reliability/promises.ts'
import { referenceFolder, renderReference } from './reference.ts'

const folder = join(packageRoot, 'docs')
const documents = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md')).sort()
const read = (path: string): string => readFileSync(join(folder, path), 'utf8')
/** Paths from the root of every page that a reader comes to. */
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'infra/README.md', 'infra/gpu.md', 'loadtest/README.md', 'models/README.md', 'models/training/README.md'],
  ...documents.map((path) => join('docs', path)),
]

for (const [file, text] of Object.entries(renderReference())) {
  test(`docs/reference/${file} is what \`npm run docs:reference\` writes`, () => {
    assert.equal(readFileSync(join(referenceFolder, file), 'utf8'), text)
  })
}

test('the reference has every variable, every code and every path', () => {
  const { 'command-line.md': commandLine, 'configuration.md': configuration, 'errors.md': errors, 'http.md': http } = renderReference()
  const commands = makeProgram().commands.map((command) => command.name())
  assert.ok(commands.length > 5)
  for (const name of commands) assert.ok(commandLine!.includes(`## ghostserve ${name}\n`), name)
  for (const name of Object.keys(EnvironmentSchema.properties)) assert.ok(configuration!.includes(`| \`${name}\` |`), name)
  const shown = [...errors!.matchAll(/^\| `(\w+)` \| (\d{3}) \| .+ \| .* \| .* \|$/gm)].map(([, code, status]) => `${status} ${code}`)
  const visible = errorCodes.filter((code) => code !== 'client_gone')
  assert.deepEqual(shown.sort(), visible.map((code) => `${new ServiceError(code, '').statusCode} ${code}`).sort())
  const { paths } = JSON.parse(readFileSync(join(packageRoot, 'test/api/openapi.json'), 'utf8')) as { paths: object }
  for (const path of Object.keys(paths)) assert.ok(http!.includes(` ${path}\n`), path)
})

test('every link and image of every page exists, every heading that is linked to is there', () => {
  let links = 0
  for (const page of pages) {
    for (const [, markdown, html] of readFileSync(join(packageRoot, page), 'utf8').matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)|src="([^"]+)"/g)) {
      const target = markdown ?? html!
      const [file = '', heading] = target.split('#')
      const full = file === '' ? join(packageRoot, page) : join(packageRoot, dirname(page), file)
      assert.ok(existsSync(full), `${page} links to ${target}`)
      if (heading !== undefined) assert.ok(headingsOf(readFileSync(full, 'utf8')).includes(heading), `${page} links to ${target}`)
      links++
    }
  }
  assert.ok(links > 150, `${links} links`)
})

/** Written by a build or a run, so not in the repository. */
const written = /^(?:models\/bundled\/graphs|loadtest\/results\/report\.html|models\/training\/runs)/

test('every file that a page names exists', () => {
  let named = 0
  for (const page of pages) {
    for (const [, path] of readFileSync(join(packageRoot, page), 'utf8').matchAll(/`((?:api|docs|infra|loadtest|models|test)\/[\w./-]+)`/g)) {
      if (written.test(path!)) continue
      assert.ok(existsSync(join(packageRoot, path!)), `${page} names ${path}`)
      named++
    }
  }
  assert.ok(named > 50, `${named} paths`)
})

test('the index leads to every page', () => {
  const linked = new Set([...read('README.md').matchAll(/\]\(([^)#]+)/g)].map(([, target]) => join('.', target!)))
  const indexed = documents.filter((path) => path !== 'README.md' && !/^decisions\/\d/.test(path))
  assert.ok(indexed.length > 15)
  for (const path of indexed) assert.ok(linked.has(path), `docs/README.md does not link to ${path}`)
})

test('the index of decisions has every note with its title, a status and a date', () => {
  const rows = read('decisions/README.md').split('\n').filter((line) => line.startsWith('| ['))
  const notes = documents.filter((path) => /^decisions\/\d/.test(path))
  assert.ok(notes.length > 30)
  assert.equal(rows.length, notes.length)
  for (const [i, note] of notes.entries()) {
    const [number] = /\d{4}/.exec(note)!
    const title = read(note).split('\n')[0]!.replace(/^# /, '')
    assert.ok(rows[i]!.startsWith(`| [${number}](${note.slice('decisions/'.length)}) | ${title} |`), note)
    assert.match(rows[i]!, /\| (?:accepted(?:, extended by \[\d{4}\]\(\S+\))?|superseded by \[\d{4}\]\(\S+\)) \| \d{4}-\d{2}-\d{2} \|$/, note)
  }
})

test('the reliability targets are those that are measured, with their bounds', () => {
  const [, table = ''] = /<!-- promises -->\n([^]*)\n<!-- \/promises -->/.exec(read('reference/reliability.md')) ?? []
  const shown = [...table.matchAll(/^\| (.+?) \| (.+?) \| .+ \|$/gm)].map(([, promise, bound]) => `${promise} | ${bound}`)
  assert.deepEqual(shown.slice(1), Object.values(promises).map(({ promise, bound }) => `${promise} | ${bound}`))
})

test('the page on accuracy has every published model with every accuracy that was reported', () => {
  const rows = read('benchmarks/accuracy.md').split('\n').filter((line) => line.startsWith('| ghostnet_'))
  for (const { name, accuracy } of catalog) {
    for (const { top1, top5 } of accuracy) {
      assert.ok(rows.some((row) => row.includes(` ${top1} | ${top5} |`)), `${name}: ${top1} / ${top5}`)
    }
    assert.ok(rows.some((row) => row.includes(`| [${name}](`)), name)
  }
})

/** Anchors in the form of the hosting site. */
function headingsOf (text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!.toLowerCase().replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-'))
}
