/** The machine and the version that were measured: a number means nothing without them. */
import { execFile } from 'node:child_process'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { Type, type Static } from 'typebox'

const run = promisify(execFile)

export const MachineSchema = Type.Object({
  processor: Type.String(),
  cores: Type.Integer(),
  memoryBytes: Type.Integer(),
  os: Type.String(),
  node: Type.String(),
  loadBefore: Type.Number({ description: 'Mean of runnable processes over the minute before: above 0.5 a core, others were at work too.' }),
})

export const CommitSchema = Type.Object({
  sha: Type.String(),
  subject: Type.String(),
  isClean: Type.Boolean({ description: 'Nothing but what is committed was measured.' }),
})

export function describeMachine (): Static<typeof MachineSchema> {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    os: `${process.platform} ${release()} ${process.arch}`,
    node: process.versions.node,
    loadBefore: loadavg()[0] ?? 0,
  }
}

/** @param root - A checkout. @returns undefined where there is no git. */
export async function describeCommit (root: string): Promise<Static<typeof CommitSchema> | undefined> {
  const git = async (...args: string[]): Promise<string> => (await run('git', ['-C', root, ...args])).stdout.trim()
  try {
    // The history of results is no part of what is measured.
    const changed = await git('status', '--porcelain', '--', '.', ':!loadtest/results')
    return { sha: await git('rev-parse', 'HEAD'), subject: await git('log', '-1', '--format=%s'), isClean: changed === '' }
  } catch {
    return undefined
  }
}
