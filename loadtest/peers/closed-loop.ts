/** Load of users in a closed loop, by k6, and the photos as it sends them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../models/package-root.ts'
import { findK6 } from '../k6-binary.ts'
import { LabError } from '../lab-error.ts'
import type { Photo } from '../photos.ts'
import type { BodyForm } from './contestants.ts'
import { MarkedProcess } from './marked-process.ts'

/** As many as the bars say. */
export const users = 16

/** For the k6 script. */
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

/** From the k6 script. */
export interface UsersReport {
  readonly answered: number
  readonly failed: number
  /** From the first request to the last answer. */
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Requests as files, made before anything is measured: encoding a form is no work of the load generator. */
export interface Bodies {
  readonly form: BodyForm
  readonly headers: Readonly<Record<string, string>>
  readonly paths: readonly string[]
}

const boundary = 'ghostserve-photo'

/** @param directory - To write forms to. */
export async function writeBodies (photos: readonly Photo[], form: BodyForm, directory: string): Promise<Bodies> {
  if (form === 'raw') return { form, headers: {}, paths: photos.map(({ path }) => path) }
  const paths = await Promise.all(photos.map(async (photo, index) => {
    const path = join(directory, `${photo.size}-${index}.form`)
    await writeFile(path, Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`),
      await readFile(photo.path),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]))
    return path
  }))
  return { form, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, paths }
}

/** @throws LabError `BAD_RESULT` if k6 fails or nothing was answered. */
export async function runUsers (task: Omit<UsersTask, 'users' | 'report'>): Promise<UsersReport> {
  const k6 = await findK6()
  const work = await mkdtemp(join(tmpdir(), 'ghostserve-users-'))
  try {
    const report = join(work, 'report.json')
    const taskPath = join(work, 'task.json')
    await writeFile(taskPath, JSON.stringify({ ...task, users, report } satisfies UsersTask))
    const load = new MarkedProcess({
      program: k6,
      args: ['run', '--quiet', '--no-usage-report', '--address', '', join(packageRoot, 'loadtest/peers/users.k6.ts')],
      env: { LOAD: taskPath },
    })
    const log = await load.end()
    const result = await readFile(report, 'utf8').then((text) => JSON.parse(text) as UsersReport, () => undefined)
    if (result === undefined || result.answered === 0) {
      throw new LabError('BAD_RESULT', `Expected k6 to send photos to ${task.url} and get answers, but it ended with ${load.exitCode}: ${log}`)
    }
    return result
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
