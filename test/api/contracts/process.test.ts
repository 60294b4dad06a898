/** What platforms expect of the process: the `serve` argument, and the port in PORT (Cloud Run, Knative) or AIP_HTTP_PORT (Vertex AI). */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import test from 'node:test'
import { packageRoot } from '../../../models/package-root.ts'
import { freePort } from '../../../loadtest/free-port.ts'

const platforms: Record<string, (port: number) => Record<string, string>> = {
  'PORT of Cloud Run and Knative': (port) => ({ PORT: String(port), K_SERVICE: 'ghostserve', K_REVISION: 'ghostserve-00001' }),
  'AIP_HTTP_PORT of Vertex AI, before PORT': (port) => ({ AIP_HTTP_PORT: String(port), PORT: '1', AIP_HEALTH_ROUTE: '/health' }),
}
for (const [what, environmentOf] of Object.entries(platforms)) {
  test(`\`serve\` listens on ${what}, and ends on SIGTERM with 0`, async (t) => {
    const port = await freePort()
    const child = spawn(process.execPath, ['api/bootstrap.cjs', 'serve'], {
      cwd: packageRoot,
      env: { PATH: process.env['PATH'], HOST: '127.0.0.1', WORKERS: '1', DRAIN_DELAY_MS: '0', ...environmentOf(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.after(() => child.kill('SIGKILL'))
    for await (const line of createInterface({ input: child.stdout })) if (line.includes('"msg":"ready"')) break
    child.stdout.resume()
    assert.equal((await fetch(`http://127.0.0.1:${port}/ping`)).status, 200)
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    assert.deepEqual(await exit, [0, null])
  })
}
