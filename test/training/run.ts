/**
 * `npm run test:training`: the tests of models/training in Python. PyTorch and what it needs, some GB, is kept in the user's cache
 * directory by the digest of its pins; serving never needs it.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../models/package-root.ts'
import { pythonEnvironment } from '../python-environment.ts'

const folder = join(packageRoot, 'models/training')
const programs = pythonEnvironment('training', join(folder, 'requirements.txt'))
const { status, error } = spawnSync(join(programs, 'python'), ['-m', 'pytest', '--durations=5', ...process.argv.slice(2)], {
  cwd: folder,
  stdio: 'inherit',
  env: { ...process.env, PYTHONPATH: folder, OMP_NUM_THREADS: '1', CUDA_VISIBLE_DEVICES: '' },
})
if (error !== undefined) console.error(error.message)
process.exitCode = status ?? 1
