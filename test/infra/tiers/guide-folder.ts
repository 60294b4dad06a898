import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { packageRoot } from '../../../models/package-root.ts'

/** A folder, while the test lasts, that has what the guide's commands read, and takes what they write instead of the repository. */
export function makeGuideFolder (t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-guide-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const name of ['infra', 'test']) symlinkSync(join(packageRoot, name), join(folder, name))
  return folder
}
