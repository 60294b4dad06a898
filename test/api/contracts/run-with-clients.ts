/** `npm run test:contracts`: the contract tests with the real Python clients, which it installs once into the user's cache directory. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../../models/package-root.ts'
import { pythonEnvironment } from '../../python-environment.ts'

const python = join(pythonEnvironment('contract-clients', join(packageRoot, 'test/api/contracts/requirements.txt')), 'python')
const { error, status } = spawnSync(process.execPath, ['test/run.mjs', 'dist/test/api/contracts'], {
  cwd: packageRoot, stdio: 'inherit', env: { ...process.env, CONTRACT_CLIENTS_PYTHON: python },
})
if (error !== undefined) throw error
process.exitCode = status ?? 1
