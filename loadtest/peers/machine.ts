/** What a result was measured on, and with. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import sharp from 'sharp'
import { countAvailableCores } from '../../api/available-cores.ts'
import { chooseLayout } from '../../api/pipeline/choose-layout.ts'
import { packageRoot } from '../../models/package-root.ts'
import { findK6, parseVersion } from '../k6-binary.ts'
import { pinnedVersion } from './virtual-environment.ts'

const run = promisify(execFile)

export function describeMachine (): string {
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${countAvailableCores()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}, ${memory} GiB, layout ${chooseLayout()}`
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

/** Where there is no git, as in an unpacked archive, none is known. */
export async function findCommit (): Promise<string> {
  return await run('git', ['-C', packageRoot, 'describe', '--always', '--dirty']).then(({ stdout }) => stdout.trim(), () => 'unknown')
}

export function ourVersion (): string {
  return (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version
}
