import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { packageRoot } from '../../models/package-root.ts'

/** Standard output of a shell command in the clone, which must succeed. */
export async function runCommand (command: string, env: Record<string, string>): Promise<string> {
  return await new Promise((resolve) => {
    execFile('sh', ['-c', command], { cwd: packageRoot, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      assert.equal(error, null, `${command}\n${stderr}`)
      resolve(stdout)
    })
  })
}
