/** Load of users in a closed loop, by k6. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../models/package-root.ts'
import { findK6 } from '../k6-binary.ts'
import { LabError } from '../lab-error.ts'
import { ProcessGroup } from './process-group.ts'

/** Concurrent users, by the targets of bars.ts. */
export const users = 16

/** Task for the k6 script. */
export interface UsersTask {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Files. */
  readonly bodies: readonly string[]
  readonly users: number
  readonly seconds: number
  /** File to write. */
  readonly report: string
}

/** Report of the k6 script. */
export interface UsersReport {
  readonly answered: number
  readonly failed: number
  /** From the first request to the last response. */
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** @throws LabError `BAD_RESULT` if k6 fails or there was no response. */
export async function runUsers (task: Omit<UsersTask, 'users' | 'report'>): Promise<UsersReport> {
  const k6 = await findK6()
  const folder = await mkdtemp(join(tmpdir(), 'ghostserve-k6-'))
  try {
    const taskPath = join(folder, 'task.json')
    await writeFile(taskPath, JSON.stringify({ ...task, users, report: 'stdout' } satisfies UsersTask))
    const load = new ProcessGroup({
      program: k6,
      args: ['run', '--quiet', '--no-usage-report', '--address', '', join(packageRoot, 'loadtest/k6/users.ts')],
      env: { LOAD: taskPath },
    })
    const log = await load.end()
    const printed = /^\{"answered":.*\}$/m.exec(log)?.[0]
    const result = printed === undefined ? undefined : JSON.parse(printed) as UsersReport
    if (result === undefined || result.answered === 0) {
      throw new LabError('BAD_RESULT', `Expected k6 to send photos to ${task.url} and get responses, but it ended with ${load.exitCode}: ${log}`)
    }
    return result
  } finally {
    await rm(folder, { recursive: true })
  }
}
