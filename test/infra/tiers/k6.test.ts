/** The script and the task that the cluster's pods would run, run by a real k6 against the real service, for a second. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { findK6 } from '../../../loadtest/k6-binary.ts'
import { LabError } from '../../../loadtest/lab-error.ts'
import type { UsersReport, UsersTask } from '../../../loadtest/peers/closed-loop.ts'
import { packageRoot } from '../../../models/package-root.ts'
import { ServerProcess } from '../../server-process.ts'
import { readInfraFile } from '../infra-files.ts'
import { findOrSkip, MissingTool } from './missing-tool.ts'

test('k6 runs the script alone in a folder, as a ConfigMap has it', async (t) => {
  const k6 = await findOrSkip(t, async () => await findK6().catch((error: Error) => {
    throw error instanceof LabError && error.code === 'NO_K6' ? new MissingTool(error.message, { cause: error }) : error
  }))
  if (k6 === undefined) return
  const server = await ServerProcess.start()
  t.after(() => server.stop())
  const mount = mkdtempSync(join(tmpdir(), 'ghostserve-k6-'))
  t.after(() => rmSync(mount, { recursive: true }))
  cpSync(join(packageRoot, 'loadtest/k6/users.ts'), join(mount, 'users.ts'))
  cpSync(join(packageRoot, 'test/fixtures/coffee.png'), join(mount, 'coffee.png'))
  const task = JSON.parse(readInfraFile('k6/load.json').replaceAll('/test/', `${mount}/`)) as UsersTask
  writeFileSync(join(mount, 'load.json'), JSON.stringify({ ...task, url: `${server.url}/classify`, users: 4, seconds: 1 }))

  const { stdout } = await promisify(execFile)(k6, ['run', '--quiet', '--no-usage-report', '--address', '', '--env', `LOAD=${mount}/load.json`, join(mount, 'users.ts')])
  const { answered, failed } = JSON.parse(/\{.*\}/.exec(stdout)![0]) as UsersReport
  assert.ok(answered > 0, stdout)
  assert.equal(failed, 0)
})
