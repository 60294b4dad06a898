/** What must not outlive this process, however it ends: by itself, by an error, by Ctrl-C. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Leftover {
  /** On a signal, when there is time. */
  readonly end: () => Promise<void> | void
  /** At the exit, when nothing can be awaited. */
  readonly endNow: () => void
}

const leftovers = new Set<Leftover>()
let isWatching = false

/** @returns Forgets it again, when it has been ended in the ordinary way. */
export function endWithThisProcess (leftover: Leftover): () => void {
  watch()
  leftovers.add(leftover)
  return () => { leftovers.delete(leftover) }
}

/** A folder for temporary files, and its removal. */
export function makeTemporaryFolder (): { path: string, remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'ghostserve-peers-'))
  const removeNow = (): void => rmSync(path, { recursive: true, force: true })
  const forget = endWithThisProcess({ end: removeNow, endNow: removeNow })
  return {
    path,
    remove: () => {
      removeNow()
      forget()
    },
  }
}

function watch (): void {
  if (isWatching) return
  isWatching = true
  process.once('exit', () => { for (const { endNow } of leftovers) endNow() })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      // Whoever sent the signal must see this process die of it.
      Promise.allSettled([...leftovers].map(async ({ end }) => await end())).then(() => process.kill(process.pid, signal), () => {})
    })
  }
}
