/** Commits, checked out into folders that can be run. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../models/package-root.ts'
import { LabError } from './lab-error.ts'

const run = promisify(execFile)

export interface Checkout extends AsyncDisposable {
  readonly root: string
  readonly sha: string
}

/**
 * Checks a commit out into a temporary folder, which goes when it is disposed of.
 *
 * @throws LabError `BAD_REQUEST` if there is no such commit.
 */
export async function checkOut (commit: string): Promise<Checkout> {
  const git = async (...args: string[]): Promise<string> => (await run('git', ['-C', packageRoot, ...args])).stdout.trim()
  const sha = await git('rev-parse', '--verify', '--quiet', `${commit}^{commit}`).catch((cause: unknown) => {
    throw new LabError('BAD_REQUEST', `Expected a commit, got ${JSON.stringify(commit)}, which git does not know here.`, { cause })
  })
  const parent = realpathSync(mkdtempSync(join(tmpdir(), 'ghostserve-commit-')))
  const root = join(parent, 'checkout')
  const dispose = async (): Promise<void> => {
    await git('worktree', 'remove', '--force', root).catch(() => {}) // it may not have come to be
    rmSync(parent, { recursive: true, force: true })
  }
  try {
    await git('worktree', 'add', '--quiet', '--detach', root, sha)
    await shareDependencies(root)
    return { root, sha, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** Builds a checkout as its own entry does. */
export async function buildCheckout (root: string): Promise<void> {
  await run(process.execPath, [join(root, 'api/bootstrap.cjs'), 'prepare'], { cwd: root, maxBuffer: 2 ** 26 }).catch((cause: { stderr?: string }) => {
    throw new LabError('BAD_REQUEST', `Expected ${root} to build, but: ${cause.stderr?.trim().split('\n').at(-1) ?? 'it does not'}`, { cause })
  })
}

/** Hard links to installed packages, if the dependencies are the same; others are installed by the checkout's own start. */
async function shareDependencies (root: string): Promise<void> {
  const lock = (folder: string): string => readFileSync(join(folder, 'package-lock.json'), 'utf8')
  if (!existsSync(join(packageRoot, 'node_modules')) || lock(packageRoot) !== lock(root)) return
  await run('cp', ['-al', join(packageRoot, 'node_modules'), root]).catch(() => {}) // no hard links across file systems, or no GNU cp
}
