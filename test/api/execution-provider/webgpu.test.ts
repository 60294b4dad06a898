/** The GPU's way through the service, on a Vulkan driver that computes on the processor: Debian's package `chromium` has one. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { chooseExecutionProvider, thisMachine } from '../../../api/machine/execution-provider/choose-execution-provider.ts'
import { packageRoot } from '../../../models/package-root.ts'
import { readFixture } from '../../fixtures/index.ts'
import { ServerProcess } from '../../server-process.ts'

const chromium = '/usr/lib/chromium'
const driver = join(chromium, 'vk_swiftshader_icd.json')
const environment = { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: chromium }

function isAsked (t: TestContext): boolean {
  if (process.env['TEST_WEBGPU'] === '1') {
    assert.ok(existsSync(driver), `Expected ${driver}, which is in Debian's package chromium.`)
    return true
  }
  const reason = 'nothing ran on webgpu, which takes minutes on a processor: TEST_WEBGPU=1 npm test -- webgpu'
  process.stderr.write(`!!! SKIPPED: ${reason}\n`)
  t.skip(reason)
  return false
}

test('webgpu gives the logits of the CPU within 1e-3, also after its worker has died', async (t) => {
  if (!isAsked(t)) return
  const script = join(packageRoot, 'dist/test/api/execution-provider/compare-webgpu.js')
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env: { PATH: process.env['PATH'], ...environment } })
  const { before, after, deaths } = JSON.parse(stdout) as { before: number, after: number, deaths: string[] }
  t.diagnostic(`largest difference of a logit: ${before}, after a restart ${after}`)
  assert.ok(before <= 1e-3 && after <= 1e-3, stdout)
  assert.deepEqual(deaths, ['A session worker ended with exit code 1.'])
})

test('a driver that computes on the processor can be named, and is never taken by auto', async (t) => {
  if (!isAsked(t)) return
  const { explainUnavailable: explain } = thisMachine
  const withDriver = { ...process.env, ...environment }
  assert.equal(await explain('webgpu', withDriver), undefined)
  const asked = await chooseExecutionProvider('auto', {
    ...thisMachine,
    hasGpu: () => true,
    explainUnavailable: async (provider, hiding) => await explain(provider, { ...hiding, ...environment }),
  })
  assert.equal(asked, 'cpu')
})

test('the service starts on webgpu, says so, and answers', async (t) => {
  if (!isAsked(t)) return
  const limits = { MAX_BATCH_SIZE: '1', REQUEST_TIMEOUT_MS: '120000' } // one bucket: each takes seconds here
  const server = await ServerProcess.start({ ...environment, ...limits, EXECUTION_PROVIDER: 'webgpu' })
  t.after(() => server.stop())
  const url = `http://127.0.0.1:${server.port}`
  const { executionProvider, device, layout } = await (await fetch(`${url}/model`)).json() as Record<string, string>
  assert.deepEqual([executionProvider, device, layout], ['webgpu', 'unknown', 'plain'])
  const ready = await server.line(({ msg }) => msg === 'ready')
  assert.deepEqual([ready['executionProvider'], ready['device'], ready['workers']], ['webgpu', device, 1])
  assert.match(await (await fetch(`${url}/metrics`)).text(), /ghostserve_model_info\{.*execution_provider="webgpu",device="unknown"/)
  const body = readFixture('coffee.png')
  const answer = await (await fetch(`${url}/classify?topK=1`, { method: 'POST', body, headers: { 'content-type': 'image/png' } })).json()
  assert.match(JSON.stringify(answer), /"label":"espresso"/)
})
