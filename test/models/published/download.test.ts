import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { describeStrength, digestFile } from '../../../models/published/digests.ts'
import { DownloadError, type DownloadErrorCode } from '../../../models/published/download-error.ts'
import { download } from '../../../models/published/download.ts'
import { serveFile, startFileServer, type Answer, type FileServer } from '../file-server.ts'

const file = randomBytes(300_000)
const sha256 = createHash('sha256').update(file).digest('hex')
const half = 150_000

function createDestination (t: TestContext): { folder: string, destination: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-download-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return { folder, destination: join(folder, 'checkpoint.pth') }
}

/** What has not reached the client when its connection is cut may be lost, so it says when to cut. */
const cutHalfWay = (server: FileServer) => (receivedBytes: number) => { if (receivedBytes === half) server.cut() }

const hasCode = (code: DownloadErrorCode, message = /./) => (error: unknown) => {
  assert.ok(error instanceof DownloadError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, message)
  return true
}

suite('download', () => {
  test('a file arrives whole, with its digest, its progress and no other file', async (t) => {
    const { folder, destination } = createDestination(t)
    const server = await startFileServer(t, (...exchange) => serveFile(file, {}, ...exchange))
    const progress: (number | undefined)[][] = []
    const downloaded = await download({
      urls: [server.url], destination, digests: { sha256 }, onProgress: (...bytes) => progress.push(bytes),
    })
    assert.deepEqual(downloaded, { sha256, strength: [{ algorithm: 'sha256', bits: 256 }] })
    assert.deepEqual(readFileSync(destination), file)
    assert.deepEqual(readdirSync(folder), ['checkpoint.pth'])
    assert.deepEqual(progress.at(-1), [file.length, file.length])
  })

  test('a connection that is cut half way is resumed there, and no byte is sent twice', async (t) => {
    const { destination } = createDestination(t)
    const server = await startFileServer(t, (...exchange) => {
      serveFile(file, server.requests.length === 1 ? { stopAfterBytes: half } : {}, ...exchange)
    })
    await download({ urls: [server.url], destination, digests: { sha256 }, onProgress: cutHalfWay(server) })
    assert.deepEqual(readFileSync(destination), file)
    assert.deepEqual(server.requests.map(({ headers }) => headers.range), [undefined, `bytes=${half}-`])
    assert.equal(server.requests[1]?.headers['if-range'], '"one"')
    assert.equal(server.sentBytes, file.length)
  })

  test('a download that was stopped is resumed by the next one', async (t) => {
    const { folder, destination } = createDestination(t)
    const server = await startFileServer(t, (...exchange) => {
      serveFile(file, server.requests.length === 1 ? { stopAfterBytes: half } : {}, ...exchange)
    })
    const stop = new AbortController()
    const stopped = download({
      urls: [server.url],
      destination,
      digests: { sha256 },
      signal: stop.signal,
      onProgress: (receivedBytes) => { if (receivedBytes === half) stop.abort(new Error('stopped')) },
    })
    await assert.rejects(stopped, /stopped/)
    assert.deepEqual(readdirSync(folder), ['checkpoint.pth.part', 'checkpoint.pth.part.json'])

    await download({ urls: [server.url], destination, digests: { sha256 } })
    assert.deepEqual(readFileSync(destination), file)
    assert.equal(server.sentBytes, file.length)
  })

  test('a file that changed at the server since is taken from its beginning', async (t) => {
    const { destination } = createDestination(t)
    writeFileSync(`${destination}.part`, randomBytes(half))
    const server = await startFileServer(t, (...exchange) => serveFile(file, { etag: '"two"' }, ...exchange))
    writeFileSync(`${destination}.part.json`, JSON.stringify({ url: server.url, validator: '"one"' }))
    await download({ urls: [server.url], destination, digests: { sha256 } })
    assert.deepEqual(readFileSync(destination), file)
    assert.equal(server.requests[0]?.headers.range, `bytes=${half}-`)
  })

  test('a part that is already whole is not asked for again', async (t) => {
    const { destination } = createDestination(t)
    const server = await startFileServer(t, (...exchange) => serveFile(file, {}, ...exchange))
    writeFileSync(`${destination}.part`, file)
    writeFileSync(`${destination}.part.json`, JSON.stringify({ url: server.url, validator: '"one"' }))
    await download({ urls: [server.url], destination, digests: { sha256 } })
    assert.deepEqual(readFileSync(destination), file)
    assert.equal(server.sentBytes, 0)
  })

  const wrongRanges: Record<string, Answer> = {
    'that begins elsewhere': (_, response) => {
      response.writeHead(206, { 'content-range': `bytes 5-${file.length - 1}/${file.length}` }).end(file.subarray(5))
    },
    'without saying which': (_, response) => { response.writeHead(206).end(file.subarray(half)) },
    'past the end': (_, response) => { response.writeHead(416, { 'content-range': 'bytes */7' }).end() },
    'that ends too early': (_, response) => {
      response.writeHead(206, { 'content-range': `bytes ${half}-${file.length - 1}/${file.length}`, etag: '"one"' }).end('short')
    },
  }
  for (const [kind, answerWrongly] of Object.entries(wrongRanges)) {
    test(`a server that answers a range ${kind} is asked for the whole file`, async (t) => {
      const { destination } = createDestination(t)
      const server = await startFileServer(t, (request, response) => {
        if (request.headers.range !== undefined) return answerWrongly(request, response, server)
        serveFile(file, server.requests.length === 1 ? { stopAfterBytes: half } : {}, request, response, server)
      })
      await download({ urls: [server.url], destination, digests: { sha256 }, onProgress: cutHalfWay(server) })
      assert.deepEqual(readFileSync(destination), file)
      assert.deepEqual(server.requests.map(({ headers }) => headers.range), [undefined, `bytes=${half}-`, undefined])
    })
  }

  test('without a validator a cut file is taken from its beginning, as it may be another one by then', async (t) => {
    const { destination } = createDestination(t)
    const server = await startFileServer(t, (...exchange) => {
      serveFile(file, { etag: 'W/"weak"', ...(server.requests.length === 1 ? { stopAfterBytes: half } : {}) }, ...exchange)
    })
    await download({ urls: [server.url], destination, digests: { sha256 }, onProgress: cutHalfWay(server) })
    assert.deepEqual(readFileSync(destination), file)
    assert.deepEqual(server.requests.map(({ headers }) => headers.range), [undefined, undefined])
  })

  test('a busy server is asked again, and one that stays busy is given up with what it answered', async (t) => {
    const { destination } = createDestination(t)
    const server = await startFileServer(t, (_, response) => { response.writeHead(503).end() })
    await assert.rejects(download({ urls: [server.url], destination, digests: {} }),
      hasCode('DOWNLOAD_INTERRUPTED', /failed 5 times, at last because it responded with 503\.$/))
    assert.equal(server.requests.length, 5)
  })

  test('an address that is gone leads to the next, and the last one to a sentence that names them all', async (t) => {
    const { folder, destination } = createDestination(t)
    const server = await startFileServer(t, (request, response) => {
      if (request.url === '/here') return serveFile(file, {}, request, response, server)
      response.writeHead(404).end('gone')
    })
    await assert.rejects(download({ urls: [`${server.url}/a`, `${server.url}/b`], destination, digests: { sha256 } }),
      hasCode('DOWNLOAD_REFUSED', /^None of 2 addresses has the file: .*\/a responded with 404 Not Found; .*\/b responded with 404 Not Found\.$/))
    assert.deepEqual(readdirSync(folder), [])
    await download({ urls: [`${server.url}/a`, `${server.url}/here`], destination, digests: { sha256 } })
    assert.deepEqual(readFileSync(destination), file)
    assert.equal(server.requests.length, 4)
  })

  test('a wrong digest leaves nothing, and what was there before stays', async (t) => {
    const { folder, destination } = createDestination(t)
    const server = await startFileServer(t, (...exchange) => serveFile(file, {}, ...exchange))
    for (const digests of [{ sha256: '00000000' }, { md5: '0'.repeat(32) }, { gitBlobSha1: '0'.repeat(40) }]) {
      await assert.rejects(download({ urls: [server.url], destination, digests }), hasCode('DOWNLOAD_WRONG_DIGEST', /0{8}, got [0-9a-f]{32,64}\.$/))
      assert.deepEqual(readdirSync(folder), [])
    }
    writeFileSync(destination, 'the old one')
    await assert.rejects(download({ urls: [server.url], destination, digests: { sha256: '00000000' } }), hasCode('DOWNLOAD_WRONG_DIGEST'))
    assert.deepEqual(readdirSync(folder), ['checkpoint.pth'])
    assert.equal(readFileSync(destination, 'utf8'), 'the old one')
  })

  test('a file larger than allowed is rejected, whether the server declares it or not', async (t) => {
    const { folder, destination } = createDestination(t)
    const server = await startFileServer(t, (request, response) => {
      if (request.url === '/declared') return serveFile(file, {}, request, response, server)
      response.writeHead(200, { etag: '"endless"' })
      const pour = () => { if (!response.destroyed) response.write(file, pour) }
      pour()
    })
    for (const path of ['declared', 'endless']) {
      const refused = download({ urls: [`${server.url}/${path}`], destination, digests: {}, maxBytes: file.length - 1 })
      await assert.rejects(refused, hasCode('DOWNLOAD_TOO_LARGE', /Expected at most 299999 bytes/))
      assert.deepEqual(readdirSync(folder), [])
    }
  })

  test('a full disk is reported as such and nothing is left on it', { skip: !existsSync('/dev/full') && 'there is no /dev/full' }, async (t) => {
    const { folder, destination } = createDestination(t)
    // The system answers every write to this device as a full disk does.
    symlinkSync('/dev/full', `${destination}.part`)
    const server = await startFileServer(t, (...exchange) => serveFile(file, {}, ...exchange))
    await assert.rejects(download({ urls: [server.url], destination, digests: { sha256 } }),
      hasCode('DOWNLOAD_NO_SPACE', /^The disk is full: .*checkpoint\.pth does not fit\.$/))
    assert.deepEqual(readdirSync(folder), [])
    assert.equal(server.requests.length, 1)
  })

  test('a place that cannot be written is reported as such and no other address is tried', async (t) => {
    const { folder } = createDestination(t)
    writeFileSync(join(folder, 'file'), '')
    const server = await startFileServer(t, (...exchange) => serveFile(file, {}, ...exchange))
    const refused = download({ urls: [server.url, server.url], destination: join(folder, 'file/checkpoint.pth'), digests: {} })
    await assert.rejects(refused, hasCode('DOWNLOAD_NOT_WRITABLE', /^Cannot write .*file\/checkpoint\.pth \(E\w+\)\.$/))
    assert.equal(server.requests.length, 1)
  })

  test('only http: and https: addresses are asked', async (t) => {
    const { destination } = createDestination(t)
    for (const url of ['file:///etc/hostname', 'data:,text', 'ftp://127.0.0.1/x', 'checkpoint.pth']) {
      await assert.rejects(download({ urls: [url], destination, digests: {} }), hasCode('DOWNLOAD_BAD_ADDRESS', /Expected an http: or https: address/))
    }
  })

  test('a compressed answer is rejected, as its bytes are not the file\'s', async (t) => {
    const { folder, destination } = createDestination(t)
    const server = await startFileServer(t, (request, response) => {
      assert.equal(request.headers['accept-encoding'], 'identity')
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(file)
    })
    await assert.rejects(download({ urls: [server.url], destination, digests: {} }), hasCode('DOWNLOAD_BAD_RESPONSE'))
    assert.deepEqual(readdirSync(folder), [])
  })
})

test('the three digests of a file are those of sha256sum, md5sum and git, and a check says how strong it was', async (t) => {
  const { destination } = createDestination(t)
  writeFileSync(destination, 'what is up, doc?')
  assert.deepEqual(await digestFile(destination), {
    sha256: createHash('sha256').update('what is up, doc?').digest('hex'),
    md5: createHash('md5').update('what is up, doc?').digest('hex'),
    gitBlobSha1: 'bd9dbf5aae1a3862dd1526723246b20206e5fc37',
  })
  assert.equal(describeStrength([]), 'nothing')
  assert.equal(describeStrength([{ algorithm: 'sha256', bits: 32 }]), 'first 32 bits of the SHA-256')
  assert.equal(
    describeStrength([{ algorithm: 'sha256', bits: 256 }, { algorithm: 'gitBlobSha1', bits: 160 }, { algorithm: 'md5', bits: 128 }]),
    'SHA-256, git blob SHA-1 and MD5')
})
