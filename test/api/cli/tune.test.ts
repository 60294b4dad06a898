/** `ghostserve tune`, and the service that finds its answer. The cache directory is one of the test's own. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { loadModel } from '../../../api/engine/load-model.ts'
import { chooseLayout } from '../../../api/machine/choose-layout.ts'
import { tuningPath, writeTuning, type Tuning } from '../../../api/engine/tuning/tuning.ts'
import type { Manifest } from '../../../models/manifest/manifest.ts'
import { ServerProcess, type LogLine } from '../../server-process.ts'
import { ghostserve } from './ghostserve.ts'

const skip = process.platform === 'linux' ? false : 'the cache directory is moved by XDG_CACHE_HOME, which is Linux\'s'
if (skip !== false) process.stderr.write(`!!! SKIPPED: tune was not run: ${skip}\n`)

/** Commands and services that this test starts inherit it. */
function useCache (t: TestContext): string {
  const cache = mkdtempSync(join(tmpdir(), 'ghostserve-tune-'))
  const before = process.env['XDG_CACHE_HOME']
  process.env['XDG_CACHE_HOME'] = cache
  t.after(() => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME']
    else process.env['XDG_CACHE_HOME'] = before
    rmSync(cache, { recursive: true })
  })
  return cache
}

async function bundledManifest (): Promise<Manifest> {
  return (await loadModel('bundled', '', 'plain')).manifest
}

test('measures every layout and batch size, and stores what it says', { skip }, async (t) => {
  const cache = useCache(t)
  const { exitCode, stdout, stderr } = await ghostserve('tune', '--rounds', '1')
  assert.equal(exitCode, 0, stderr)
  for (const layout of ['plain', 'blocked8', 'blocked16']) assert.match(stdout, new RegExp(`^${layout}( +\\d+\\.\\d\\d){4}$`, 'm'))
  const [, layout, size] = /^The service will use (\S+) and batches of up to (\d); without tuning, .*\.$/m.exec(stdout)!
  const path = tuningPath(await bundledManifest())
  assert.ok(path.startsWith(cache))
  const tuning = JSON.parse(readFileSync(path, 'utf8')) as Tuning
  assert.deepEqual([tuning.layout, String(tuning.maxBatchSize)], [layout, size])
})

test('the service uses the answer and says so; what is configured goes before it', { skip }, async (t) => {
  const cache = useCache(t)
  const other = chooseLayout() === 'plain' ? 'blocked8' : 'plain'
  await writeTuning(await bundledManifest(), { layout: other, maxBatchSize: 3 })
  const start = async (environment: Record<string, string>): Promise<LogLine> => {
    const server = await ServerProcess.start({ XDG_CACHE_HOME: cache, WORKERS: '1', ...environment })
    try {
      return await server.line('ready')
    } finally {
      await server.stop()
    }
  }
  const facts = ({ layout, maxBatchSize, isTuned }: LogLine): unknown[] => [layout, maxBatchSize, isTuned]
  assert.deepEqual(facts(await start({})), [other, 3, true])
  assert.deepEqual(facts(await start({ MAX_BATCH_SIZE: '5' })), [other, 5, true])
  assert.deepEqual(facts(await start({ LAYOUT: chooseLayout() })), [chooseLayout(), 8, false])
})

test('an answer of other weights, another processor or onnxruntime, or none at all, is not used', { skip }, async (t) => {
  useCache(t)
  const manifest = await bundledManifest()
  const tuningOf = async (): Promise<Tuning | undefined> => (await loadModel('bundled', '', 'auto')).tuning
  assert.equal(await tuningOf(), undefined)
  const path = await writeTuning(manifest, { layout: 'plain', maxBatchSize: 3 })
  const tuning = await tuningOf()
  assert.equal(tuning?.maxBatchSize, 3)
  for (const change of [{ weightsSha256: 'a' }, { processor: 'another' }, { onnxruntime: '1.0.0' }, { layout: 'round' }, { maxBatchSize: 0 }]) {
    writeFileSync(path, JSON.stringify({ ...tuning, ...change }))
    assert.equal(await tuningOf(), undefined, JSON.stringify(change))
  }
  writeFileSync(path, '{"layout"')
  assert.equal(await tuningOf(), undefined)
})
