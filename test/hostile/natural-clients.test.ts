/** Common clients that send more than the service accepts: each reads why, and the service keeps running. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { GhostServeClient } from '../../api/client/client.ts'
import type { ErrorCode } from '../../api/errors.ts'
import { packageRoot } from '../../models/package-root.ts'
import { readFixture } from '../fixtures/index.ts'
import { ServerProcess } from '../server-process.ts'

const run = promisify(execFile)
const rounds = 3

const folder = mkdtempSync(join(tmpdir(), 'ghostserve-clients-'))
const photo = readFixture('exif-1.jpg')
/** A photo, and what follows it up to a number of bytes. */
const file = (megabytes: number): string => {
  const path = join(folder, `${megabytes}.jpg`)
  writeFileSync(path, Buffer.concat([photo, Buffer.alloc(megabytes * 1e6)]))
  return path
}
const files = { 3: file(3), 11: file(11), 40: file(40) }

const has = (program: string, option: string): boolean => spawnSync(program, [option]).error === undefined
const installed: Readonly<Record<string, boolean>> = { curl: has('curl', '--version'), Go: has('go', 'version') }
for (const [program, isThere] of Object.entries(installed)) {
  if (!isThere) process.stderr.write(`!!! SKIPPED: there is no ${program}, so its HTTP client was not tried\n`)
}

interface Exchange {
  readonly code: ErrorCode
  /** The problem as the client has read it. */
  readonly send: (url: string) => Promise<string>
}

const curl = async (...args: string[]): Promise<string> => (await run('curl', ['--silent', '--show-error', ...args])).stdout
const go = async (...args: string[]): Promise<string> => (await run(join(folder, 'post'), args)).stdout

const jpeg = ['-H', 'Content-Type: image/jpeg'] as const

const exchanges: Record<string, Exchange> = {
  'curl without a type': { code: 'unsupported_media', send: async (url) => await curl('--data-binary', `@${files[3]}`, `${url}/classify`) },
  'curl with an image of 11 MB': { code: 'image_too_large', send: async (url) => await curl(...jpeg, '--data-binary', `@${files[11]}`, `${url}/classify`) },
  'curl with a form of 40 MB': { code: 'request_too_large', send: async (url) => await curl('-F', `image=@${files[40]}`, `${url}/classify`) },
  'curl with a form without expecting a response first': { code: 'request_too_large', send: async (url) => await curl('-H', 'Expect:', '-F', `image=@${files[40]}`, `${url}/classify`) },
  'curl with chunks': { code: 'image_too_large', send: async (url) => await curl(...jpeg, '-H', 'Transfer-Encoding: chunked', '--data-binary', `@${files[11]}`, `${url}/classify`) },
  'curl to a path that is none': { code: 'not_found', send: async (url) => await curl(...jpeg, '--data-binary', `@${files[3]}`, `${url}/clasify`) },
  'curl with PUT': { code: 'method_not_allowed', send: async (url) => await curl(...jpeg, '--upload-file', files[3], `${url}/classify`) },
  'curl with a deadline that is no number': { code: 'invalid_request', send: async (url) => await curl(...jpeg, '-H', 'x-request-timeout-ms: 5s', '--data-binary', `@${files[3]}`, `${url}/classify`) },
  'Go with another type': { code: 'unsupported_media', send: async (url) => await go(`${url}/classify`, 'text/csv', files[3]) },
  'Go with an image of 40 MB': { code: 'image_too_large', send: async (url) => await go(`${url}/classify`, 'image/jpeg', files[40]) },
  'fetch with a stream': {
    code: 'image_too_large',
    send: async (url) => await (await fetch(`${url}/classify`, {
      method: 'POST', headers: { 'content-type': 'image/jpeg' }, body: new Blob([Buffer.alloc(40e6)]).stream(), duplex: 'half',
    } as RequestInit)).text(),
  },
}

suite('a client that sends what is rejected reads why', () => {
  let server: ServerProcess
  before(async () => {
    server = await ServerProcess.start()
    if (!installed['Go']) return
    await run('go', ['build', '-o', join(folder, 'post'), join(packageRoot, 'test/hostile/clients/post.go')], { env: { ...process.env, GOTOOLCHAIN: 'local', GO111MODULE: 'off' } })
  })
  after(async () => {
    await server.stop()
    rmSync(folder, { recursive: true })
  })

  for (const [what, { code, send }] of Object.entries(exchanges)) {
    const [program] = what.split(' ') as [string]
    test(what, { skip: installed[program] === false && `there is no ${program}` }, async () => {
      for (let round = 0; round < rounds; round++) {
        const problem = JSON.parse(await send(server.url)) as { code: string, status: number, requestId: string }
        assert.equal(problem.code, code)
        const line = await server.line(({ requestId, status }) => requestId === problem.requestId && status !== undefined)
        assert.deepEqual([line['status'], line['code']], [problem.status, code], 'the log says what was answered')
      }
      assert.equal((await fetch(`${server.url}/classify`, { method: 'POST', headers: { 'content-type': 'image/jpeg' }, body: photo })).status, 200)
    })
  }

  test('our own, with an image of 40 MB', async () => {
    const client = new GhostServeClient({ url: server.url })
    for (let round = 0; round < rounds; round++) {
      await assert.rejects(client.classify(new Uint8Array(40e6)), { code: /^(image_too_large|request_too_large)$/ })
    }
    await sleep(200)
    assert.ok(server.isAlive)
  })

  test('afterwards nothing is in flight, and no client that has read its response counts as gone', async () => {
    await sleep(200)
    assert.equal(server.stderr, '')
    assert.deepEqual(server.lines.filter(({ level, status }) => level >= 50 || status === 499), [])
    assert.equal(await server.metric('ghostserve_images_in_work'), 0)
  })
})
