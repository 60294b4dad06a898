import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { TestContext } from 'node:test'
import { openApp, type TestApp } from './open-app.ts'

export const key = 'the-key-of-team-a'

/** The service with one key, of `team-a`; what it logs is appended to `lines`. */
export async function openAppWithKey (t: TestContext, environment: Record<string, string> = {}, lines: string[] = []): Promise<TestApp> {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-keys-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'keys.txt')
  writeFileSync(file, `team-a ${createHash('sha256').update(key).digest('hex')}\n`)
  const stream = new Writable({ write: (chunk, _encoding, done) => { lines.push(String(chunk)); done() } })
  return await openApp(t, { API_KEYS_FILE: file, ...environment }, { logger: { level: 'trace', stream } })
}
