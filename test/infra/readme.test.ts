/** The deployment guide: short, and about what is there. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { EnvironmentSchema, readConfig } from '../../api/config.ts'
import { packageRoot } from '../../models/package-root.ts'
import { readCommands } from '../docs/page-commands.ts'
import { infraFolder, readInfraFile } from './infra-files.ts'
import { sectionsRun } from './tiers/guide.ts'

const guide = readInfraFile('README.md')
/** Every variable but those of other programs. */
const variables = [...guide.matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)].map(([name]) => name).filter((name) => !/^(?:AWS|NVIDIA)_/.test(name))
const platforms = ['Compose', 'Kubernetes', 'An archive', 'Knative', 'Cloud Run', 'KServe', 'SageMaker', 'Vertex AI', 'AWS Lambda']

const commandsOf = (section: string): string[] => [...section.matchAll(/```sh\n(.+?)```/gs)].flatMap(([, block]) => block!.trim().split('\n'))

test('the image is built, tried and pushed once, and every platform has at most five commands of its own after that', () => {
  const [preface, ...rest] = guide.split(/^## /m)
  assert.deepEqual(commandsOf(preface!).map((command) => command.split(' ').slice(0, 2).join(' ')), ['docker build', 'docker run', 'docker push'])
  assert.match(preface!, /comes first, once/)
  const sections = new Map(rest.map((section) => [section.slice(0, section.indexOf('\n')), section]))
  for (const platform of platforms) {
    const commands = commandsOf(sections.get(platform)!)
    assert.ok(commands.length >= 1 && commands.length <= 5, `${platform}: ${commands.length} commands`)
  }
})

test('every section whose commands are said to be run is one that a test runs', () => {
  const sections = guide.split(/^## /m).filter((section) => readCommands(section).some(({ runBy }) => runBy === 'test:infra'))
  assert.deepEqual(sections.map((section) => section.slice(0, section.indexOf('\n'))), [...sectionsRun])
})

test('every path and variable that the guide names exists', () => {
  const links = [...guide.matchAll(/\]\((?!https?:|#)([^)#]+)\)/g)].map(([, path]) => join(infraFolder, path!))
  const paths = [...guide.matchAll(/\b(?:infra|test)\/[\w./-]*\w/g)].map(([path]) => join(packageRoot, path))
  assert.ok(links.length > 3 && paths.length > 10)
  for (const path of [...links, ...paths]) assert.ok(existsSync(path), path)
  for (const name of variables) assert.ok(name in EnvironmentSchema.properties, name)
})

test('the service takes every value that the guide gives a variable', () => {
  const assigned = guide.split('\n').map((line) => [...line.matchAll(/\b([A-Z]+(?:_[A-Z]+)+)=(\w+)/g)].flatMap(([, name, value]) =>
    variables.includes(name!) ? [[name!, value!] as const] : [])).filter((pairs) => pairs.length > 0)
  assert.ok(assigned.length >= 3)
  for (const pairs of assigned) readConfig(Object.fromEntries(pairs))
})
