/** The Dockerfile as hadolint judges it. Whether it builds and runs is the business of test/image. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
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

test('hadolint has nothing to say', () => {
  const ignored = Object.keys(accepted).map((rule) => `--ignore=${rule}`)
  const { status, stdout, stderr, error } = spawnSync(hadolint, ['--no-color', ...ignored, join(packageRoot, 'Dockerfile')], { encoding: 'utf8' })
  if (error !== undefined) throw error
  assert.equal(stdout + stderr, '')
  assert.equal(status, 0)
})
