/** docs/ agrees with the code, and its links lead somewhere. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { makeProgram } from '../../api/cli/program.ts'
import { EnvironmentSchema } from '../../api/config.ts'
import { errorCodes } from '../../api/errors.ts'
import { packageRoot } from '../../models/package-root.ts'
import { referenceFolder, renderReference } from './reference.ts'

const folder = join(packageRoot, 'docs')
const documents = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md')).sort()
const read = (path: string): string => readFileSync(join(folder, path), 'utf8')

for (const [file, text] of Object.entries(renderReference())) {
  test(`docs/reference/${file} is what \`npm run docs:reference\` writes`, () => {
    assert.equal(readFileSync(join(referenceFolder, file), 'utf8'), text)
  })
}

test('the reference has every variable, every code and every path', () => {
  const { 'command-line.md': commandLine, 'configuration.md': configuration, 'errors.md': errors, 'http.md': http } = renderReference()
  const [, words] = /lists the commands: (.+?);/s.exec(readFileSync(join(packageRoot, 'README.md'), 'utf8'))!
  const named = [...words!.matchAll(/`(\w+)`/g)].map(([, word]) => word!)
  assert.deepEqual(named, makeProgram().commands.map((command) => command.name()))
  for (const name of named) assert.ok(commandLine!.includes(`## ghostserve ${name}\n`), name)
  for (const name of Object.keys(EnvironmentSchema.properties)) assert.ok(configuration!.includes(`| \`${name}\` |`), name)
  for (const code of errorCodes) assert.ok(code === 'client_gone' || new RegExp(`^\\| \`${code}\` \\| \\d+ \\| .+ \\| .+ \\|`, 'm').test(errors!), code)
  const { paths } = JSON.parse(readFileSync(join(packageRoot, 'test/api/openapi.json'), 'utf8')) as { paths: object }
  for (const path of Object.keys(paths)) assert.ok(http!.includes(` ${path}\n`), path)
})

test('every link and picture of docs/ exists, every heading that is linked to is there', () => {
  let links = 0
  for (const path of documents) {
    for (const [, target] of read(path).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)) {
      const [file = '', heading] = target!.split('#')
      const full = file === '' ? join(folder, path) : join(folder, dirname(path), file)
      assert.ok(existsSync(full), `docs/${path} links to ${target}`)
      if (heading !== undefined) assert.ok(headingsOf(readFileSync(full, 'utf8')).includes(heading), `docs/${path} links to ${target}`)
      links++
    }
  }
  assert.ok(links > 40, `${links} links`)
})

test('the index leads to every page but the decisions, which it links to as a folder', () => {
  const linked = new Set([...read('README.md').matchAll(/\]\(([^)#]+)/g)].map(([, target]) => join('.', target!)))
  const pages = documents.filter((path) => path !== 'README.md' && !path.startsWith('decisions/'))
  assert.ok(pages.length > 10)
  for (const path of pages) assert.ok(linked.has(path), `docs/README.md does not link to ${path}`)
})

/** As the hosting site makes anchors of them. */
function headingsOf (text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!.toLowerCase().replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-'))
}
