/** k6, the load generator: the one on the PATH if it is new enough, or a pinned version that Go builds into the cache. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { LabError } from './lab-error.ts'
import { cachedDirectory } from './lab-cache.ts'

const run = promisify(execFile)

const pinnedVersion = '1.8.1'
const pinnedModule = `go.k6.io/k6@v${pinnedVersion}`

/**
 * Path of a k6 that runs the lab's scripts. Builds it at the first call where there is none, which takes minutes.
 *
 * @throws LabError `NO_K6` if there is neither a k6 that fits nor Go.
 */
export async function findK6 (): Promise<string> {
  const onPath = await readVersion('k6')
  if (onPath !== undefined && isSupported(onPath)) return 'k6'
  const directory = await cachedDirectory(`k6-${pinnedVersion}`, async (directory) => await install(directory, onPath))
  return join(directory, 'k6')
}

/** Whether a version runs TypeScript and its imports without a bundler: 1.8 does. @param version - `1.8.1`, for instance. */
export function isSupported (version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major === 1 && minor >= 8
}

/** The version in what `k6 version` prints. */
export function parseVersion (printed: string): string | undefined {
  return /^k6(?:\.exe)? v(\d+\.\d+\.\d+)/.exec(printed)?.[1]
}

/** undefined where there is no such program, or it is something else. */
async function readVersion (k6: string): Promise<string | undefined> {
  return await run(k6, ['version']).then(({ stdout }) => parseVersion(stdout), () => undefined)
}

async function install (directory: string, onPath: string | undefined): Promise<void> {
  const found = onPath === undefined ? 'there is none on the PATH' : `the one on the PATH is ${onPath}`
  const needed = `Expected k6 1.8 or a later 1.x, but ${found}`
  process.stderr.write(`${needed}: building ${pinnedModule}, which takes some minutes once.\n`)
  await run('go', ['install', pinnedModule], { env: { ...process.env, GOBIN: directory, GOFLAGS: '' } }).catch((cause: NodeJS.ErrnoException & { stderr?: string }) => {
    throw new LabError('NO_K6', cause.code === 'ENOENT'
      ? `${needed}, and there is no Go to build it: install k6 (https://grafana.com/docs/k6) or Go.`
      : `${needed}, and building it failed: ${cause.stderr?.trim().split('\n').at(-1) ?? cause.message}`, { cause })
  })
}
