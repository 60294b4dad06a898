/** Machine and versions of a result. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import sharp from 'sharp'
import { countAvailableCores } from '../../api/machine/available-cores.ts'
import { chooseLayout } from '../../api/machine/choose-layout.ts'
import { packageRoot } from '../../models/package-root.ts'
import { describeCommit, describeMachine } from '../machine.ts'
import { findK6, parseVersion } from '../k6-binary.ts'
import { pinnedVersion } from './virtual-environment.ts'

const run = promisify(execFile)

/** In words. */
export function describeCores (): string {
  const { processor, memoryBytes, loadBefore } = describeMachine()
  return `${countAvailableCores()} cores of ${processor}, ${Math.round(memoryBytes / 2 ** 30)} GiB, layout ${chooseLayout()}, load average ${loadBefore.toFixed(1)} at the end`
}

export async function listVersions (): Promise<Record<string, string>> {
  const { stdout: k6 } = await run(await findK6(), ['version'])
  const { stdout: python } = await run('python3', ['--version'])
  return {
    Node: process.versions.node,
    'onnxruntime-node': ort.env.versions.node ?? 'unknown',
    sharp: sharp.versions.sharp ?? 'unknown',
    Python: python.trim().replace('Python ', ''),
    'onnxruntime (Python)': pinnedVersion('mosec', 'onnxruntime'),
    Pillow: pinnedVersion('mosec', 'pillow'),
    k6: parseVersion(k6) ?? 'unknown',
  }
}

/** The commit, marked if the checkout differs from it; `unknown` without git. */
export async function findCommit (): Promise<string> {
  const commit = await describeCommit(packageRoot)
  return commit === undefined ? 'unknown' : `${commit.sha.slice(0, 10)}${commit.isClean ? '' : ' with changes'}`
}

export function ourVersion (): string {
  return (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version
}
