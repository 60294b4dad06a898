/** The client as it is built, in a real browser, on a page of another origin than the service's. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../../../api/errors.ts'
import { packageRoot } from '../../../models/package-root.ts'
import { readFixture } from '../../fixtures/index.ts'
import { openApp } from '../open-app.ts'
import { chromium, startBrowser } from '../playground/browser.ts'

const page = '<!doctype html><script type="module">window.ghostserve = await import("./client.js")</script>'

test('in a browser: labels of a File, an exception with a code, a wait for Retry-After, an abort', {
  skip: chromium === undefined && 'there is no Chromium', timeout: 120_000,
}, async (t) => {
  const site = createServer(({ url }, response) => {
    if (url === '/') response.setHeader('content-type', 'text/html').end(page)
    else if (!/^\/[\w-]+\.js$/.test(url!)) response.writeHead(404).end()
    else response.setHeader('content-type', 'text/javascript').end(readFileSync(join(packageRoot, 'dist/api/client', url!)))
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  t.after(() => {
    site.close()
    site.closeAllConnections()
  })

  const { app } = await openApp(t, { CORS_ORIGINS: origin })
  const posts: number[] = []
  app.addHook('preHandler', async ({ method }) => {
    if (method !== 'POST') return
    posts.push(performance.now())
    if (posts.length === 1) throw new ServiceError('queue_full', 'Full.', { retryAfterSeconds: 1 })
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })

  const browser = startBrowser()
  t.after(() => browser.close())
  const { send } = await browser.open(() => {})
  const read = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }
  await send('Page.enable')
  await send('Page.navigate', { url: `${origin}/` })
  while (await read('window.ghostserve === undefined') === true) await sleep(50)

  assert.deepEqual(await read(`(async () => {
    const client = new ghostserve.GhostServeClient({ url: ${JSON.stringify(url)} })
    const bytes = Uint8Array.from(atob(${JSON.stringify(readFixture('coffee.png').toString('base64'))}), (letter) => letter.charCodeAt(0))
    const { predictions } = await client.classify(new File([bytes], 'coffee.png'), { topK: 1 })
    const problem = await client.classify(new Blob(['no photo'])).catch((error) => error)
    const reason = await client.classify(bytes, { signal: AbortSignal.abort('stop') }).catch((reason) => reason)
    return [predictions[0].label, problem instanceof ghostserve.ProblemError, problem.code, reason]
  })()`), ['espresso', true, 'unsupported_media', 'stop'])
  assert.equal(posts.length, 3)
  assert.ok(posts[1]! - posts[0]! >= 1000, `${posts[1]! - posts[0]!} ms`)
})
