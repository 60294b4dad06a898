/** `npm run test:contracts`: the contract tests with the real Python clients, which it installs once into the user's cache directory. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import envPaths from 'env-paths'
import { packageRoot } from '../../../models/package-root.ts'

const requirements = join(packageRoot, 'test/api/contracts/requirements.txt')
const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
const environment = join(envPaths('ghostserve', { suffix: '' }).cache, `contract-clients-${digest}`)
const python = join(environment, 'bin/python')
const stamp = join(environment, 'complete')

function run (command: string, args: string[], env: NodeJS.ProcessEnv = process.env): void {
  const { error, status } = spawnSync(command, args, { cwd: packageRoot, stdio: 'inherit', env })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}

if (!existsSync(stamp)) {
  console.error(`Installing the clients into ${environment}.`)
  rmSync(environment, { recursive: true, force: true })
  run('python3', ['-m', 'venv', environment])
  // Only what they import, uncompiled: most of the time would go into parts that nobody loads.
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-compile', '-r', requirements])
  writeFileSync(stamp, '')
}
run(process.execPath, ['api/bootstrap.cjs', 'test', 'dist/test/api/contracts'], { ...process.env, CONTRACT_CLIENTS_PYTHON: python })
