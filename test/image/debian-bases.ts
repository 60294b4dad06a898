/** Bases for the Dockerfile out of Debian's packages and a pinned Node: registries of images cannot be reached from everywhere. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../models/package-root.ts'
import { runProgram, type Buildah } from './buildah.ts'

const recipe = join(packageRoot, 'test/image/bases')

/** Stands for docker.io's image of Node: a system with apt, in which packages can be installed. */
const buildPackages = ['--variant=apt']
/** Stands for the distroless image: the C and C++ libraries, unpacked and nothing more. */
const runtimePackages = ['--variant=extract', '--include=base-files,libc6,libgcc-s1,libstdc++6']

/** @returns The build's arguments that put these bases in the place of the Dockerfile's. */
export function makeDebianBases (buildah: Buildah): string[] {
  const context = mkdtempSync(join(tmpdir(), 'ghostserve-bases-'))
  try {
    const bootstrap = (name: string, packages: readonly string[]): string =>
      runProgram('mmdebstrap', ['--quiet', ...packages, 'trixie', join(context, name)], { SOURCE_DATE_EPOCH: '0' })
    bootstrap('build.tar', buildPackages)
    bootstrap('runtime.tar', runtimePackages)
    const python = join(context, 'python')
    runProgram('python3', ['-m', 'venv', python])
    runProgram(join(python, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-compile', '--require-hashes',
      '--target', join(context, 'node'), '--requirement', join(recipe, 'node.txt')])
    for (const target of ['build', 'runtime']) buildah.build(`base-${target}`, { file: join(recipe, 'Containerfile'), context, target })
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
  return ['--build-arg', 'BASE=localhost/base-build', '--build-arg', 'RUNTIME_BASE=localhost/base-runtime']
}
