/** The deployment guide: short, and about what is there. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { EnvironmentSchema } from '../../api/config.ts'
import { packageRoot } from '../../models/package-root.ts'
import { infraFolder, readInfraFile } from './infra-files.ts'

const guide = readInfraFile('README.md')
const platforms = ['Compose', 'Kubernetes', 'Knative', 'Cloud Run', 'KServe', 'SageMaker', 'Vertex AI', 'AWS Lambda']

test('every platform has its section, with at most five commands', () => {
  const sections = new Map(guide.split(/^## /m).slice(1).map((section) => [section.slice(0, section.indexOf('\n')), section]))
  for (const platform of platforms) {
    const commands = [...sections.get(platform)!.matchAll(/```sh\n([^`]+)```/g)].flatMap(([, block]) => block!.trim().split('\n'))
    assert.ok(commands.length >= 1 && commands.length <= 5, `${platform}: ${commands.length} commands`)
  }
})

test('every path and variable that the guide names exists', () => {
  const links = [...guide.matchAll(/\]\((?!https?:|#)([^)#]+)\)/g)].map(([, path]) => join(infraFolder, path!))
  const paths = [...guide.matchAll(/\b(?:infra|test)\/[\w./-]*\w/g)].map(([path]) => join(packageRoot, path))
  assert.ok(links.length > 3 && paths.length > 10)
  for (const path of [...links, ...paths]) assert.ok(existsSync(path), path)
  const variables = [...guide.matchAll(/\b(?:MAX|REQUEST|SHUTDOWN|TRUST|AIP)_[A-Z_]+/g)].map(([name]) => name)
  assert.ok(variables.length > 5)
  for (const name of variables) assert.ok(name in EnvironmentSchema.properties, name)
})
