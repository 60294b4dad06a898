/** The client before the real service, and before a server that does what the service rarely does. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { suite, type TestContext } from 'node:test'
// Imported by its name, as users do.
import { ConnectionError, DeadlineError, GhostServeClient, ProblemError, type ClientOptions } from '../../../api/client/client.ts'
import { readFixture } from '../../fixtures/index.ts'
import { openApp, type TestApp } from '../open-app.ts'
import { key, openAppWithKey } from '../open-app-with-key.ts'

const coffee = readFixture('coffee.png')
const cat = readFixture('chelsea.png')

async function clientOf ({ app }: TestApp, options: Omit<ClientOptions, 'url'> = {}): Promise<GhostServeClient> {
  return new GhostServeClient({ url: await app.listen({ host: '127.0.0.1', port: 0 }), ...options })
}

async function collect<Item> (items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Answers each request by the next of `listeners`, the last of them from then on. */
async function openStub (t: TestContext, ...listeners: RequestListener[]): Promise<{ url: string, arrivals: number[] }> {
  const arrivals: number[] = []
  const server = createServer((request, response) => {
    arrivals.push(performance.now())
    request.resume()
    listeners[Math.min(arrivals.length, listeners.length) - 1]!(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/behind/a/path`, arrivals }
}

const refuse = (retryAfter: string): RequestListener => (_request, response) => {
  const problem = { type: 'urn:x', title: 'Service overloaded', status: 503, code: 'queue_full', detail: 'Full.', requestId: 'r1' }
  response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': retryAfter }).end(JSON.stringify(problem))
}
const classify: RequestListener = (_request, response) => {
  response.end(JSON.stringify({ model: { name: 'stub', version: '1' }, results: [{ predictions: [] }] }))
}
const hang: RequestListener = () => {}

suite('with the service', () => {
  test('classifies a photo, whatever holds its bytes, and describes the model', async (t) => {
    const client = await clientOf(await openApp(t))
    for (const image of [coffee, new Blob([new Uint8Array(coffee)]), new Uint8Array(coffee).buffer]) {
      const { model, predictions } = await client.classify(image, { topK: 2 })
      assert.deepEqual([model.name, predictions.length, predictions[0]?.label], ['ghostnet_050_tin200', 2, 'espresso'])
    }
    assert.equal((await client.model()).labels.length, 200)
  })

  test('minScore leaves out less sure labels, and none of the classes is told from a problem', async (t) => {
    const client = await clientOf(await openApp(t))
    const sure = await client.classify(coffee, { minScore: 0.9 })
    assert.deepEqual([sure.noneOfThese, sure.predictions.map(({ label }) => label)], [false, ['espresso']])
    const { noneOfThese, predictions, model } = await client.classify(cat, { topK: 3, minScore: 0.9 })
    assert.deepEqual([noneOfThese, predictions, model.name], [true, [], 'ghostnet_050_tin200'])
    const [outcome] = await collect(client.classifyAll([cat], { topK: 3 }))
    assert.ok(outcome !== undefined && 'predictions' in outcome)
    assert.deepEqual([outcome.noneOfThese, outcome.predictions.length], [false, 3])
    await assert.rejects(client.classify(cat, { minScore: 2 }), (error) => error instanceof ProblemError && error.code === 'invalid_request')
  })

  test('under overload every photo gets its labels in the end, in order, and at most as many are asked for as allowed', async (t) => {
    const overloaded = await openApp(t, { MAX_QUEUE_SIZE: '2', MAX_IMAGES: '1', MAX_CLIENT_IMAGES: '0' })
    let refused = 0
    let inWork = 0
    let mostInWork = 0
    overloaded.app.server.on('request', (_request, response) => {
      mostInWork = Math.max(mostInWork, ++inWork)
      response.on('close', () => {
        inWork--
        if (response.statusCode === 503) refused++
      })
    })
    const client = await clientOf(overloaded, { retries: 200, deadlineMs: 300_000 })
    const labels: string[] = []
    const photos = Array.from({ length: 12 }, (_, i) => i % 2 === 0 ? coffee : cat)
    for await (const outcome of client.classifyAll(photos, { concurrency: 8, topK: 1 })) {
      assert.ok('predictions' in outcome, String('error' in outcome && outcome.error))
      labels.push(outcome.predictions[0]!.label)
    }
    assert.deepEqual(labels, Array.from({ length: 12 }, (_, i) => i % 2 === 0 ? 'espresso' : 'Egyptian cat'))
    assert.ok(refused > 0, 'nothing was refused, so nothing was tested')
    assert.ok(mostInWork > 2 && mostInWork <= 8, String(mostInWork))
  })

  test('a rejection is an exception with the problem\'s code, and takes the place of its image among many', async (t) => {
    const client = await clientOf(await openApp(t))
    const noPhoto = new TextEncoder().encode('not a picture')
    await assert.rejects(client.classify(noPhoto), (error) =>
      error instanceof ProblemError && error.code === 'unsupported_media' && error.status === 415 && error.requestId !== '' && /^Expected /.test(error.message))
    const outcomes = await collect(client.classifyAll([coffee, noPhoto, cat], { topK: 1 }))
    assert.deepEqual(outcomes.map((outcome) => 'error' in outcome ? (outcome.error as ProblemError).code : outcome.predictions[0]?.label),
      ['espresso', 'unsupported_media', 'Egyptian cat'])
  })

  test('a key is sent; without it, many images end at once', async (t) => {
    const closed = await openAppWithKey(t)
    const client = await clientOf(closed, { apiKey: key })
    assert.equal((await client.classify(coffee)).predictions.length, 5)
    const [{ port }] = closed.app.addresses() as [AddressInfo]
    const keyless = new GhostServeClient({ url: `http://127.0.0.1:${port}` })
    await assert.rejects(collect(keyless.classifyAll([coffee, cat])), { name: 'ProblemError', code: 'unauthorized' })
  })
})

suite('attempts', () => {
  test('the next comes after Retry-After, in seconds or as a date', async (t) => {
    const inOneSecond = await openStub(t, refuse('1'), classify)
    await new GhostServeClient({ url: inOneSecond.url }).classify(coffee)
    const [first, second] = inOneSecond.arrivals
    assert.ok(second! - first! >= 1000, `${second! - first!} ms`)

    const atADate = await openStub(t, refuse(new Date(Date.now() + 2500).toUTCString()), classify)
    await new GhostServeClient({ url: atADate.url }).classify(coffee)
    assert.ok(atADate.arrivals[1]! - atADate.arrivals[0]! >= 1000)
  })

  test('end with the last problem when there are no more, and at once where the service would reject again', async (t) => {
    const busy = await openStub(t, refuse('0'))
    await assert.rejects(new GhostServeClient({ url: busy.url, retries: 2 }).classify(coffee), { name: 'ProblemError', code: 'queue_full', retryAfterMs: 0 })
    assert.equal(busy.arrivals.length, 3)

    const proxy = await openStub(t, (_request, response) => { response.writeHead(504, { 'content-type': 'text/html' }).end('<h1>Timeout</h1>') })
    await assert.rejects(new GhostServeClient({ url: proxy.url }).classify(coffee), { name: 'ProblemError', code: 'http_504', requestId: '' })
    assert.equal(proxy.arrivals.length, 1)
  })

  test('an answer of another program is a problem, and not asked for again', async (t) => {
    const page = await openStub(t, (_request, response) => { response.end('<h1>Sign in</h1>') })
    await assert.rejects(new GhostServeClient({ url: page.url }).classify(coffee), { name: 'ProblemError', code: 'http_200' })
    assert.equal(page.arrivals.length, 1)
    const damaged = await openStub(t, (_request, response) => { response.writeHead(400, { 'content-type': 'application/problem+json' }).end('{"type":') })
    await assert.rejects(new GhostServeClient({ url: damaged.url }).classify(coffee), { name: 'ProblemError', code: 'http_400' })
    assert.equal(damaged.arrivals.length, 1)
    for (const body of ['null', '{}', '{"model":{},"results":[]}']) {
      const other = await openStub(t, (_request, response) => { response.end(body) })
      await assert.rejects(new GhostServeClient({ url: other.url }).classify(coffee), { name: 'ProblemError', code: 'http_200' }, body)
    }
    const gateway = await openStub(t, (_request, response) => { response.writeHead(503).end('{"code":"ServerBusy"}') }, classify)
    await new GhostServeClient({ url: gateway.url }).classify(coffee)
    assert.equal(gateway.arrivals.length, 2, 'a gateway that is busy is asked again')
  })

  test('a connection that breaks is tried again; one that always does is an exception with its cause', async (t) => {
    const { url, arrivals } = await openStub(t, (request) => request.socket.destroy(), classify)
    await new GhostServeClient({ url }).classify(coffee)
    assert.equal(arrivals.length, 2)
    const broken = await openStub(t, (request) => request.socket.destroy())
    await assert.rejects(new GhostServeClient({ url: broken.url, retries: 1 }).classify(coffee), (error) =>
      error instanceof ConnectionError && error.cause instanceof TypeError && error.message.includes('/behind/a/path/classify'))
    assert.equal(broken.arrivals.length, 2)
  })

  test('end at the deadline, and before a wait that would end after it', async (t) => {
    const silent = await openStub(t, hang)
    const startedAt = performance.now()
    await assert.rejects(new GhostServeClient({ url: silent.url, deadlineMs: 200 }).classify(coffee), DeadlineError)
    assert.ok(performance.now() - startedAt >= 199)

    const busy = await openStub(t, refuse('60'))
    await assert.rejects(new GhostServeClient({ url: busy.url }).classify(coffee, { deadlineMs: 20_000 }), (error) =>
      error instanceof DeadlineError && error.cause instanceof ProblemError && error.cause.retryAfterMs === 60_000)
    assert.ok(performance.now() - startedAt < 15_000)
  })

  test('tell the service how much time is left', async (t) => {
    const asked: string[] = []
    const listener = (answer: RequestListener): RequestListener => (request, response) => {
      asked.push(String(request.headers['x-request-timeout-ms']))
      answer(request, response)
    }
    const { url } = await openStub(t, listener(refuse('1')), listener(classify))
    await new GhostServeClient({ url, deadlineMs: 9000 }).classify(coffee)
    assert.ok(Number(asked[0]) > 8000 && Number(asked[0]) <= 9000, asked[0])
    assert.ok(Number(asked[1]) <= Number(asked[0]) - 1000, asked[1])
  })

  test('end with the signal\'s reason, during a request and during a wait, and leaving a loop ends what is in flight', { timeout: 30_000 }, async (t) => {
    const reason = new Error('changed my mind')
    for (const listener of [hang, refuse('5')]) {
      const { url } = await openStub(t, listener)
      const controller = new AbortController()
      const call = new GhostServeClient({ url }).classify(coffee, { signal: controller.signal })
      setTimeout(() => controller.abort(reason), 300)
      await assert.rejects(call, reason)
    }
    await assert.rejects(new GhostServeClient({ url: 'http://127.0.0.1:9' }).classify(coffee, { signal: AbortSignal.abort(reason) }), reason)

    const ends: Array<Promise<unknown>> = []
    const whenAllCame: RequestListener = (request, response) => {
      if (arrivals.length === 3) classify(request, response)
      else setTimeout(() => whenAllCame(request, response), 10)
    }
    const { url, arrivals } = await openStub(t, whenAllCame, (_request, response) => ends.push(once(response, 'close')))
    const outcomes = new GhostServeClient({ url, deadlineMs: 600_000 }).classifyAll([coffee, coffee, coffee, coffee], { concurrency: 3 })
    assert.ok('predictions' in (await outcomes.next()).value!)
    await outcomes.return()
    await Promise.all(ends)
    assert.equal(ends.length, 2)
    assert.equal(arrivals.length, 3)
  })
})
