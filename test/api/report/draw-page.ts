import { execFile } from 'node:child_process'
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

/** Path of a browser; undefined where there is none. */
export const chromium = (process.env['PATH'] ?? '').split(delimiter)
  .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name))).find((path) => existsSync(path))

/** How many charts a browser without a network draws on a report page. */
export async function drawPage (t: TestContext, page: string): Promise<number> {
  const work = mkdtempSync(join(tmpdir(), 'ghostserve-report-'))
  t.after(() => rmSync(work, { recursive: true, force: true }))
  const path = join(work, 'report.html')
  writeFileSync(path, page)
  const { stdout } = await promisify(execFile)(chromium!, [
    '--headless', '--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND', `--user-data-dir=${join(work, 'profile')}`,
    '--virtual-time-budget=20000', '--dump-dom', pathToFileURL(path).href,
  ], { maxBuffer: 2 ** 26 })
  assert.doesNotMatch(stdout, /data-error=/)
  return Number(/data-drawn="(\d+)"/.exec(stdout)?.[1])
}
