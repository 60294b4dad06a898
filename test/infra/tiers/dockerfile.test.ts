/** The Dockerfile as hadolint judges it. Whether it builds and runs is the business of test/image. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { packageRoot } from '../../../models/package-root.ts'
import { pythonEnvironment } from '../../python-environment.ts'

const hadolint = join(pythonEnvironment('hadolint', join(packageRoot, 'test/infra/tiers/hadolint.txt')), 'hadolint')
/** Rules that are broken on purpose. */
const accepted = {
  DL3003: 'the folder is one command\'s',
  DL3008: 'pip, which takes only wheels of pinned digests, may be of any version',
  DL4006: 'half an SBOM in the pipe is no JSON, which the program behind it refuses',
  SC2046: 'the names of packages are meant to be split into arguments',
}
const dockerfile = readFileSync(join(packageRoot, 'Dockerfile'), 'utf8')

function judge (text: string): { status: number | null, said: string } {
  const { status, stdout, stderr, error } = spawnSync(hadolint, ['--no-color', ...Object.keys(accepted).map((rule) => `--ignore=${rule}`), '-'], { input: text, encoding: 'utf8' })
  if (error !== undefined) throw error
  return { status, said: stdout + stderr }
}

test('hadolint has nothing to say', () => {
  const { status, said } = judge(dockerfile)
  assert.equal(status, 0, said)
  assert.equal(said, '')
})

test('hadolint finds what it is for', () => {
  const { status, said } = judge(dockerfile.replace('USER 10001:10001', 'USER root').replace('apt-get install --yes', 'apt-get install'))
  assert.equal(status, 1)
  assert.match(said, /DL3014/)
})
