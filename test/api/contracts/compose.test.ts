/** Compose: the service with the environment of `infra/compose/compose.yaml` and its image, the image's health check, and `docker stop`. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { readConfig } from '../../../api/config.ts'
import { freePort } from '../../../loadtest/free-port.ts'
import { packageRoot } from '../../../models/package-root.ts'
import { readFixture } from '../../fixtures/index.ts'
import { parseInfraFile } from '../../infra/infra-files.ts'
import { deployed, ServerProcess } from '../../server-process.ts'

interface Compose {
  services: { ghostserve: { ports: [string], environment: Record<string, string | number>, stop_grace_period: string } }
}

const { ports: [publishedPort], environment, stop_grace_period: grace } = parseInfraFile<Compose>('compose/compose.yaml').services.ghostserve
const [, cpuStage] = /^FROM \S+ AS cpu\n(.+?)^FROM /ms.exec(readFileSync(join(packageRoot, 'Dockerfile'), 'utf8'))!
const imageEnvironment = Object.fromEntries(/^ENV (.+)$/m.exec(cpuStage!)![1]!.split(' ').map((pair) => pair.split('=') as [string, string]))
/** Arguments of the health check after node, whose path is that in the image. */
const [, ...healthCheck] = JSON.parse(/^HEALTHCHECK .* CMD (\[.*?\])$/ms.exec(cpuStage!)![1]!.replaceAll('\\\n', '')) as string[]

test('compose\'s service turns healthy, answers a photo on its port, and answers what is in flight when it is stopped', async (t) => {
  assert.equal(publishedPort, `8080:${readConfig({}).port}`)
  const port = await freePort()
  const composed = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]))
  const variables = { ...imageEnvironment, ...composed, PORT: String(port) }
  const isHealthy = async (): Promise<boolean> =>
    await promisify(execFile)(process.execPath, healthCheck, { env: { PORT: String(port) } }).then(() => true, () => false)
  assert.equal(await isHealthy(), false)

  const server = await ServerProcess.start(variables, { entry: deployed })
  t.after(() => server.stop())
  assert.equal(await isHealthy(), true)
  const ask = async (photos: number): Promise<string[]> => {
    const form = new FormData()
    for (let i = 0; i < photos; i++) form.append('image', new Blob([new Uint8Array(readFixture('coffee.png'))]), 'coffee.png')
    const response = await fetch(`${server.url}/classify`, { method: 'POST', body: form })
    assert.equal(response.status, 200)
    const { results } = await response.json() as { results: Array<{ predictions: [{ label: string }] }> }
    return results.map(({ predictions: [{ label }] }) => label)
  }
  assert.deepEqual(await ask(1), ['espresso'])

  const answered = new AbortController()
  const answer = ask(16).finally(() => answered.abort())
  while (!answered.signal.aborted && await server.metric('ghostserve_images_in_work') === 0) { /* until the service works on it */ }
  assert.equal(answered.signal.aborted, false)
  const stoppedAt = performance.now()
  server.signal('SIGTERM')
  assert.deepEqual(await answer, Array.from({ length: 16 }, () => 'espresso'))
  assert.equal(await server.exitCode(), 0)
  const seconds = (performance.now() - stoppedAt) / 1000
  assert.match(grace, /^\d+s$/)
  assert.ok(seconds < Number.parseInt(grace, 10), `${seconds.toFixed(1)} s of ${grace}`)
})
