/** The Python of models/training, as `npm run test:training` installs it. */
import { join } from 'node:path'
import { packageRoot } from '../../models/package-root.ts'
import { pythonEnvironment } from '../python-environment.ts'

const folder = join(packageRoot, 'models/training')

/** Environment in which commands find that Python by name. One thread: waiting ones would take the other tests' cores. */
export function trainingEnvironment (): Record<string, string> {
  const programs = pythonEnvironment('training', join(folder, 'requirements.txt'))
  return {
    ...process.env as Record<string, string>,
    PATH: `${programs}:${process.env['PATH'] ?? ''}`,
    PYTHONPATH: folder,
    PYTHONDONTWRITEBYTECODE: '1',
    OMP_NUM_THREADS: '1',
    CUDA_VISIBLE_DEVICES: '',
  }
}
