/** A Python environment for each peer, made once, so that one's packages never decide the versions of another's. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sha256Of } from '../../models/manifest/sha256.ts'
import { packageRoot } from '../../models/package-root.ts'
import { labCache } from '../lab-cache.ts'
import { LabError } from '../lab-error.ts'

const run = promisify(execFile)

export const pythonFolder = join(packageRoot, 'loadtest/peers/python')
const requirementsFolder = join(pythonFolder, 'requirements')

/**
 * Path of the Python that has what `requirements/NAME.txt` pins; made at the first call, which takes minutes.
 *
 * @throws LabError `NO_PEER` if there is no Python, or the packages cannot be installed.
 */
export async function findPeerPython (name: string): Promise<string> {
  const requirements = join(requirementsFolder, `${name}.txt`)
  const afterInstall = join(requirementsFolder, `${name}-after-install.py`)
  const version = await python('python3', ['--version'])
  const sources = [requirements, afterInstall].filter((path) => existsSync(path)).map((path) => sha256Of(readFileSync(path)))
  const folder = join(labCache, `peer-${name}-${sha256Of(Buffer.from([version, ...sources].join())).slice(0, 16)}`)
  const executable = join(folder, 'bin/python')
  // An environment holds its own path and cannot be renamed: a file written last says that it is complete.
  const stamp = join(folder, 'complete')
  if (existsSync(stamp)) return executable
  process.stderr.write(`Installing the peer ${name}.\n`)
  rmSync(folder, { recursive: true, force: true })
  await python('python3', ['-m', 'venv', folder])
  await python(executable, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--requirement', requirements])
  if (existsSync(afterInstall)) await python(executable, [afterInstall])
  writeFileSync(stamp, '')
  return executable
}

/** Pinned version of a peer's distribution. */
export function pinnedVersion (requirements: string, distribution: string): string {
  const pins = readFileSync(join(requirementsFolder, `${requirements}.txt`), 'utf8')
  return new RegExp(`^${distribution}==(.+)$`, 'm').exec(pins)?.[1] ?? 'unknown'
}

async function python (program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, args).catch((cause: NodeJS.ErrnoException & { stderr?: string }) => {
    throw new LabError('NO_PEER', cause.code === 'ENOENT'
      ? `Expected ${program} for the Python peers, but there is none.`
      : `Expected \`${program} ${args.join(' ')}\` to work, but: ${cause.stderr?.trim().split('\n').at(-1) ?? cause.message}`, { cause })
  })
  return stdout.trim()
}
