/** Files against the schemas that platforms publish: typing errors, in seconds. What fits together is judged by apiserver.test.ts. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { packageRoot } from '../../../models/package-root.ts'
import { pythonEnvironment } from '../../python-environment.ts'
import { infraFolder, listInfraFiles, readInfraFile } from '../infra-files.ts'

interface Schema {
  /** Files of infra/ that it judges. */
  readonly files: readonly string[]
  readonly command: readonly [program: string, ...args: string[]]
  /** In its file, for a check of our own: what it must refuse. */
  readonly broken?: readonly [from: string, to: string]
}

const programs = pythonEnvironment('infra-schemas', join(packageRoot, 'test/infra/tiers/requirements.txt'))
const checkPlatform = ['python', join(packageRoot, 'test/infra/tiers/check_platform.py')] as const

const schemas: Record<string, Schema> = {
  Kubernetes: {
    files: ['k8s/base/deployment.yaml', ...listInfraFiles().filter((path) => /^k8s\/(?:base|namespace|archive|components\/hpa)\/(?!kustom|deploy).*(?<!values)\.yaml$/.test(path))],
    command: ['kubernetes-validate', '--strict'],
  },
  compose: {
    files: listInfraFiles().filter((path) => path.startsWith('compose/')),
    command: ['check-jsonschema', '--builtin-schema', 'vendor.compose-spec'],
  },
  'Cloud Run': { files: ['cloudrun/cpu/service.yaml'], command: [...checkPlatform, 'cloudrun'], broken: ['startupProbe', 'startProbe'] },
  KServe: { files: ['kserve/inferenceservice.yaml'], command: [...checkPlatform, 'kserve'], broken: ['serverAddress', 'serverUrl'] },
}

function judge ({ command: [program, ...args] }: Schema, files: readonly string[]): { status: number | null, said: string } {
  const { status, stdout, stderr, error } = spawnSync(join(programs, program), [...args, ...files], { encoding: 'utf8' })
  if (error !== undefined) throw error
  return { status, said: stdout + stderr }
}

for (const [name, schema] of Object.entries(schemas)) {
  test(`the files for ${name} fit its schema`, () => {
    assert.ok(schema.files.length > 0)
    const { status, said } = judge(schema, schema.files.map((path) => join(infraFolder, path)))
    assert.equal(status, 0, said)
  })

  if (schema.broken === undefined) continue
  const [from, to] = schema.broken
  test(`the schema of ${name} rejects a misspelt field`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'ghostserve-infra-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'broken.yaml')
    writeFileSync(file, readInfraFile(schema.files[0]!).replaceAll(from, to))
    const { status, said } = judge(schema, [file])
    assert.notEqual(status, 0)
    assert.ok(said.includes(to), said)
  })
}
