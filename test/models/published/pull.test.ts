import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { CatalogEntry } from '../../../models/published/catalog.ts'
import { DownloadError } from '../../../models/published/download-error.ts'
import { pullCheckpoint } from '../../../models/published/pull.ts'
import { serveFile, startFileServer } from '../file-server.ts'

const published = randomBytes(10_000)
const another = randomBytes(10_000)
const sha256 = createHash('sha256').update(published).digest('hex')

async function publish (t: TestContext, digests: CatalogEntry['digests']) {
  const storeDirectory = mkdtempSync(join(tmpdir(), 'ghostserve-storeDirectory-'))
  t.after(() => rmSync(storeDirectory, { recursive: true }))
  let file: Buffer = published
  const server = await startFileServer(t, (...exchange) => serveFile(file, {}, ...exchange))
  const entry: CatalogEntry = {
    name: 'tiny', description: '', fileName: 'tiny.pth', urls: [server.url], digests, license: '', preset: 'imagenet', accuracy: [],
  }
  const folder = join(storeDirectory, 'checkpoints/tiny')
  return { storeDirectory, catalog: [entry], server, folder, path: join(folder, 'tiny.pth'), replace: (other: Buffer) => { file = other } }
}

test('the whole SHA-256 of the first pull is recorded as sha256sum writes it', async (t) => {
  const { storeDirectory, catalog, folder, path } = await publish(t, { sha256: sha256.slice(0, 8) })
  assert.deepEqual(await pullCheckpoint('tiny', { storeDirectory, catalog }), { path, sha256, strength: [{ algorithm: 'sha256', bits: 32 }] })
  assert.deepEqual(readdirSync(folder), ['tiny.pth', 'tiny.pth.sha256'])
  assert.equal(readFileSync(`${path}.sha256`, 'utf8'), `${sha256}  tiny.pth\n`)
})

test('a checkpoint in the model store is checked against the record and not downloaded again', async (t) => {
  const { storeDirectory, catalog, server } = await publish(t, {})
  assert.deepEqual((await pullCheckpoint('tiny', { storeDirectory, catalog })).strength, [])
  assert.deepEqual((await pullCheckpoint('tiny', { storeDirectory, catalog })).strength, [{ algorithm: 'sha256', bits: 256 }])
  assert.equal(server.requests.length, 1)
})

test('a checkpoint that was damaged in the model store is downloaded again', async (t) => {
  const { storeDirectory, catalog, path } = await publish(t, {})
  await pullCheckpoint('tiny', { storeDirectory, catalog })
  writeFileSync(path, 'damaged')
  await pullCheckpoint('tiny', { storeDirectory, catalog })
  assert.deepEqual(readFileSync(path), published)
})

test('a file that no pull recorded and that is not the published one is left alone', async (t) => {
  const { storeDirectory, catalog, folder, path, server } = await publish(t, { sha256: sha256.slice(0, 8) })
  mkdirSync(folder, { recursive: true })
  writeFileSync(path, 'mine')
  await assert.rejects(pullCheckpoint('tiny', { storeDirectory, catalog }), { code: 'DOWNLOAD_WRONG_DIGEST', message: /move it away to pull/ })
  assert.deepEqual([readFileSync(path, 'utf8'), readdirSync(folder), server.requests.length], ['mine', ['tiny.pth'], 0])
})

test('another file at the same address is rejected after the first pull, although no digest of it is published', async (t) => {
  const { storeDirectory, catalog, path, replace } = await publish(t, {})
  await pullCheckpoint('tiny', { storeDirectory, catalog })
  rmSync(path)
  replace(another)
  await assert.rejects(pullCheckpoint('tiny', { storeDirectory, catalog }), (error) => error instanceof DownloadError &&
    error.code === 'DOWNLOAD_WRONG_DIGEST' && error.message.includes(sha256) && error.message.endsWith(`recorded it in ${path}.sha256.`))
  assert.ok(!existsSync(path))
})

test('a record that was tampered with is rejected rather than ignored', async (t) => {
  const { storeDirectory, catalog, path } = await publish(t, {})
  await pullCheckpoint('tiny', { storeDirectory, catalog })
  writeFileSync(`${path}.sha256`, '')
  await assert.rejects(pullCheckpoint('tiny', { storeDirectory, catalog }), { code: 'DOWNLOAD_WRONG_DIGEST' })
})

test('a first pull with the wrong digest records nothing', async (t) => {
  const { storeDirectory, catalog, folder } = await publish(t, { sha256: '00000000' })
  await assert.rejects(pullCheckpoint('tiny', { storeDirectory, catalog }), { code: 'DOWNLOAD_WRONG_DIGEST' })
  assert.deepEqual(readdirSync(folder), [])
})
