/** Drafts: files and folders are written next to their place and renamed, so that they appear complete or not at all. */
import { randomUUID } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { chmod, rename, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'

/** Mark of the owner of a draft, unique on a volume shared by several machines. */
const prefix = `.ghostserve-${hostname()}-`
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Gives `work` an unused path in `folder`. What is there afterwards is removed, also when a signal ends the process; what SIGKILL
 * left is removed by the next draft in the folder.
 */
export async function withDraft<Result> (folder: string, work: (draft: string) => Promise<Result>): Promise<Result> {
  removeAbandonedDrafts(folder)
  const draft = join(folder, `${prefix}${process.pid}-${randomUUID().slice(0, 8)}`)
  const remove = (): void => rmSync(draft, { recursive: true, force: true, maxRetries: 3 })
  const stopListening = (): void => { for (const signal of endingSignals) process.off(signal, end) }
  const end = (signal: NodeJS.Signals): void => {
    stopListening()
    remove()
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }
  for (const signal of endingSignals) process.on(signal, end)
  try {
    return await work(draft)
  } finally {
    stopListening()
    remove()
  }
}

/** Writes a file that keeps its permissions, and its old contents until the new ones are on the disk. */
export async function replaceFile (path: string, contents: string | Iterable<string>): Promise<void> {
  await withDraft(dirname(path), async (draft) => {
    await writeFile(draft, contents, { flag: 'wx', flush: true })
    const mode = await stat(path).then((stats) => stats.mode, () => undefined)
    if (mode !== undefined) await chmod(draft, mode)
    await rename(draft, path)
  })
}

function removeAbandonedDrafts (folder: string): void {
  for (const name of namesIn(folder).filter((name) => name.startsWith(prefix))) {
    const [, pid] = /^(\d+)-[0-9a-f]{8}$/.exec(name.slice(prefix.length)) ?? []
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(folder, name), { recursive: true, force: true })
  }
}

function namesIn (folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // the writer gets the error
  }
}

function isRunning (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
