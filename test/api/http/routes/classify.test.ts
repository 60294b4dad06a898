import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import test, { suite } from 'node:test'
import sharp from 'sharp'
import { readFixture } from '../../../fixtures/index.ts'
import { formOf, openApp } from '../../open-app.ts'

const coffee = readFixture('coffee.png')
const chelsea = readFixture('chelsea.png')

// Made here, while sharp reads PNG whatever a service of these tests accepts.
const otherFormats = { avif: await sharp(coffee).avif().toBuffer(), gif: await sharp(coffee).gif().toBuffer() }

interface Answer {
  model: { name: string, version: string }
  results: Array<{
    predictions?: Array<{ label: string, wnid: string, classIndex: number, score: number }>
    noneOfThese?: boolean
    error?: { code: string, status: number }
  }>
}

suite('POST /classify', () => {
  test('says espresso to a photo of one', async (t) => {
    const { app, classifier } = await openApp(t)
    const response = await app.inject({ method: 'POST', url: '/classify', ...formOf(coffee) })
    assert.equal(response.statusCode, 200)
    const { model, results } = response.json<Answer>()
    assert.deepEqual(model, { name: 'ghostnet_050_tin200', version: classifier.model.manifest.weights.sha256.slice(0, 12) })
    assert.equal(results.length, 1)
    const { predictions } = results[0]!
    assert.equal(predictions?.length, 5)
    assert.deepEqual(Object.keys(predictions[0]!), ['label', 'wnid', 'classIndex', 'score'])
    assert.equal(predictions[0]!.label, 'espresso')
    assert.equal(predictions[0]!.wnid, 'n07920052')
    assert.ok(predictions[0]!.score > 0.9)
  })

  test('says a cat to a cat, sent as the body itself', async (t) => {
    const { app } = await openApp(t)
    const response = await app.inject({ method: 'POST', url: '/classify', payload: chelsea, headers: { 'content-type': 'image/png' } })
    const labels = response.json<Answer>().results[0]?.predictions?.map(({ label }) => label)
    assert.ok(labels?.some((label) => ['tabby, tabby cat', 'Persian cat', 'Egyptian cat'].includes(label)), String(labels))
  })

  test('answers images of one request in order, a bad one in its place', async (t) => {
    const { app } = await openApp(t)
    const response = await app.inject({ method: 'POST', url: '/classify?topK=1', ...formOf(coffee, 'not an image', chelsea, coffee) })
    assert.equal(response.statusCode, 200)
    const { results } = response.json<Answer>()
    assert.deepEqual(results.map(({ predictions, error }) => predictions?.[0]?.label ?? error?.code),
      ['espresso', 'unsupported_media', 'Egyptian cat', 'espresso'])
  })

  test('leaves out labels below minScore, and says of each image whether none is left', async (t) => {
    const { app } = await openApp(t)
    const answer = async (query: string): Promise<Answer['results']> =>
      (await app.inject({ method: 'POST', url: `/classify?topK=200${query}`, ...formOf(coffee, 'not an image', chelsea) })).json<Answer>().results
    const all = await answer('')
    assert.ok(all.every((result) => !('noneOfThese' in result)))
    const best = all[2]!.predictions![0]!.score
    assert.ok(best < 0.9, 'the cat must be less sure than the espresso, or nothing is tested')
    const [espresso, failed, cat] = await answer('&minScore=0.9')
    assert.deepEqual(espresso, { predictions: all[0]!.predictions!.slice(0, 1), noneOfThese: false })
    assert.deepEqual(cat, { predictions: [], noneOfThese: true })
    assert.deepEqual([failed!.error?.code, 'noneOfThese' in failed!], ['unsupported_media', false])
    // A score that is reached exactly counts.
    const [, , exactly] = await answer(`&minScore=${best}`)
    assert.deepEqual(exactly, { predictions: [all[2]!.predictions![0]!], noneOfThese: false })
    const [zero] = await answer('&minScore=0')
    assert.deepEqual([zero!.predictions!.length, zero!.noneOfThese], [200, false])
    const [tenth] = await answer('&minScore=1e-1')
    assert.deepEqual(tenth!.predictions, all[0]!.predictions!.filter(({ score }) => score >= 0.1))
  })

  test('reports every problem when no image could be classified, with the first one\'s status', async (t) => {
    const { app } = await openApp(t)
    const response = await app.inject({ method: 'POST', url: '/classify', ...formOf(coffee.subarray(0, 5000), 'text') })
    assert.equal(response.statusCode, 422)
    assert.equal(response.headers['content-type'], 'application/problem+json; charset=utf-8')
    const problem = response.json<{ code: string, requestId: string, errors: Array<{ code: string }> }>()
    assert.equal(problem.code, 'corrupt_image')
    assert.equal(problem.requestId, response.headers['x-request-id'])
    assert.deepEqual(problem.errors.map(({ code }) => code), ['corrupt_image', 'unsupported_media'])
  })

  test('says where the time went, and keeps the client\'s request id', async (t) => {
    const { app } = await openApp(t)
    const { headers, payload } = formOf(coffee)
    const response = await app.inject({ method: 'POST', url: '/classify', payload, headers: { ...headers, 'x-request-id': 'abc-1' } })
    assert.match(String(response.headers['server-timing']),
      /^read;dur=\d+(\.\d)?, decode;dur=\d+(\.\d)?, queue;dur=\d+(\.\d)?, run;dur=\d+(\.\d)?, post;dur=\d+(\.\d)?$/)
    assert.equal(response.headers['x-request-id'], 'abc-1')
  })

  test('replaces a request id that is not fit for a log', async (t) => {
    const { app } = await openApp(t, {}, { start: false })
    const response = await app.inject({ url: '/livez', headers: { 'x-request-id': 'a b{"x":1}' } })
    assert.match(String(response.headers['x-request-id']), /^[0-9a-f-]{36}$/)
  })

  test('answers as many images as a request may have, without a warning', async (t) => {
    const warnings: Error[] = []
    const collect = (warning: Error): void => { warnings.push(warning) }
    process.on('warning', collect)
    t.after(() => process.off('warning', collect))
    const { app, classifier } = await openApp(t, {}, { start: false })
    const waiting = app.inject({ method: 'POST', url: '/classify', ...formOf(...Array<Buffer>(16).fill(chelsea)) })
    await classifier.start() // by then most of them wait
    const { results } = (await waiting).json<Answer>()
    assert.equal(results.filter(({ predictions }) => predictions?.[0]?.label === 'Egyptian cat').length, 16)
    assert.deepEqual(warnings, [])
  })
})

suite('POST /classify rejects', () => {
  const png = { 'content-type': 'image/png' }
  const limits = { MAX_IMAGES: '2', MAX_QUEUE_SIZE: '4', MAX_IMAGE_BYTES: '500000', MAX_REQUEST_BYTES: '700000', MAX_IMAGE_PIXELS: '150000', MAX_IMAGE_SIDE: '1000' }
  const big = Buffer.concat([coffee, Buffer.alloc(500_001)])

  interface Refusal {
    status: number
    code: string
    detail: RegExp
    url?: string
    payload?: Buffer | string
    headers?: Record<string, string>
  }
  const cases: Record<string, Refusal> = {
    'no body': { status: 400, code: 'empty_body', detail: /no body/ },
    'an empty body': { status: 400, code: 'empty_body', detail: /0 bytes/, payload: Buffer.alloc(0), headers: { ...png, 'content-length': '0' } },
    'a form without files': { status: 400, code: 'empty_body', detail: /no file/, ...formOf() },
    JSON: { status: 415, code: 'unsupported_media', detail: /multipart\/form-data or an image \(jpeg,png,webp\), got "application\/json"/, payload: '{}', headers: { 'content-type': 'application/json' } },
    'GIF by its Content-Type': { status: 415, code: 'unsupported_media', detail: /got "image\/gif"/, payload: 'GIF89a', headers: { 'content-type': 'image/gif' } },
    'text that calls itself PNG': { status: 415, code: 'unsupported_media', detail: /start like none/, payload: 'hello', headers: png },
    'a photo that is cut off': { status: 422, code: 'corrupt_image', detail: /PNG/, payload: chelsea.subarray(0, 100_000), headers: png },
    'more pixels than allowed': { status: 422, code: 'too_many_pixels', detail: /at most 150000 pixels, got 600 x 400/, payload: coffee, headers: png },
    'a body over the limit of an image': { status: 413, code: 'image_too_large', detail: /at most 500000 bytes/, payload: big, headers: png },
    'a part over the limit of an image': { status: 413, code: 'image_too_large', detail: /at most 500000 bytes/, ...formOf(big.subarray(0, 600_000)) },
    'a form over the limit of a request': { status: 413, code: 'request_too_large', detail: /at most 700000 bytes/, ...formOf(Buffer.alloc(700_000)) },
    'too many images': { status: 413, code: 'too_many_images', detail: /at most 2 images/, ...formOf('a', 'b', 'c') },
    'a form that is cut off': { status: 400, code: 'malformed_multipart', detail: /final boundary/, ...formOf('a'), payload: formOf('a').payload.subarray(0, 150) },
    'a form without a boundary': { status: 400, code: 'malformed_multipart', detail: /boundary/, payload: 'x', headers: { 'content-type': 'multipart/form-data' } },
    'topK of 0': { status: 400, code: 'invalid_request', detail: /topK to be >= 1, got "0"/, url: '/classify?topK=0', ...formOf(chelsea) },
    'topK above the number of classes': { status: 400, code: 'invalid_request', detail: /topK to be <= 200/, url: '/classify?topK=201', ...formOf(chelsea) },
    'topK that is no number': { status: 400, code: 'invalid_request', detail: /topK to be a whole number/, url: '/classify?topK=many', ...formOf(chelsea) },
    'topK twice': { status: 400, code: 'invalid_request', detail: /topK/, url: '/classify?topK=1&topK=2', ...formOf(chelsea) },
    'minScore below 0': { status: 400, code: 'invalid_request', detail: /minScore to be >= 0, got "-0.1"/, url: '/classify?minScore=-0.1', ...formOf(chelsea) },
    'minScore above 1': { status: 400, code: 'invalid_request', detail: /minScore to be <= 1, got "50"/, url: '/classify?minScore=50', ...formOf(chelsea) },
    'minScore that is no number': { status: 400, code: 'invalid_request', detail: /minScore to be a decimal number, got "half"/, url: '/classify?minScore=half', ...formOf(chelsea) },
    'minScore that is NaN': { status: 400, code: 'invalid_request', detail: /minScore to be a decimal number, got "NaN"/, url: '/classify?minScore=NaN', ...formOf(chelsea) },
    'minScore in other notations': { status: 400, code: 'invalid_request', detail: /minScore to be a decimal number, got "0x1"/, url: '/classify?minScore=0x1', ...formOf(chelsea) },
    'an empty minScore': { status: 400, code: 'invalid_request', detail: /minScore to be a decimal number, got ""/, url: '/classify?minScore=', ...formOf(chelsea) },
    'minScore of many digits that are too much': { status: 400, code: 'invalid_request', detail: /minScore to be <= 1/, url: '/classify?minScore=1e400', ...formOf(chelsea) },
    'minScore twice': { status: 400, code: 'invalid_request', detail: /minScore/, url: '/classify?minScore=0.1&minScore=0.2', ...formOf(chelsea) },
    'a misspelt parameter': { status: 400, code: 'invalid_request', detail: /no query parameter "topk"/, url: '/classify?topk=1', ...formOf(chelsea) },
  }
  for (const [what, { status, code, detail, url = '/classify', payload, headers }] of Object.entries(cases)) {
    test(what, async (t) => {
      const { app } = await openApp(t, limits, { start: false })
      const response = await app.inject({ method: 'POST', url, ...(payload === undefined ? {} : { payload }), ...(headers === undefined ? {} : { headers }) })
      const problem = response.json<{ status: number, code: string, detail: string, title: string, type: string, requestId: string }>()
      assert.equal(problem.code, code)
      assert.equal(response.statusCode, status)
      assert.equal(problem.status, status)
      assert.match(problem.detail, detail)
      assert.equal(problem.type, `urn:ghostserve:problem:${code}`)
      assert.equal(response.headers['content-type'], 'application/problem+json; charset=utf-8')
    })
  }

  test('a side longer than allowed, before a pixel is decoded', async (t) => {
    const { app } = await openApp(t, limits, { start: false })
    const narrow = await sharp({ create: { width: 1, height: 1001, channels: 3, background: 'red' } }).png().toBuffer()
    const response = await app.inject({ method: 'POST', url: '/classify', payload: narrow, headers: png })
    assert.equal(response.json<{ detail: string }>().detail, 'Expected an image of at most 1000 pixels per side, got 1 x 1001.')
  })

  test('a body without a length as soon as it is over the limit', async (t) => {
    const { app } = await openApp(t, limits, { start: false })
    const { headers, payload } = formOf(...Array<Buffer>(2).fill(Buffer.alloc(400_000)))
    const response = await app.inject({ method: 'POST', url: '/classify', headers, payload: Readable.from([payload]) })
    assert.equal(response.json<{ code: string }>().code, 'request_too_large')
  })

  test('an image that takes more memory to decode than there is for all of them', async (t) => {
    const { app } = await openApp(t, { DECODE_MEMORY_BYTES: '7000000' }, { start: false })
    const picture = () => sharp({ create: { width: 1000, height: 1000, channels: 3, background: 'red' } })
    const send = async (payload: Buffer, type: string) => {
      const response = await app.inject({ method: 'POST', url: '/classify', payload, headers: { 'content-type': type, 'x-request-timeout-ms': '300' } })
      return response.json<{ code: string }>().code
    }
    assert.equal(await send(await picture().webp().toBuffer(), 'image/webp'), 'too_many_pixels')
    assert.equal(await send(await picture().jpeg({ progressive: true }).toBuffer(), 'image/jpeg'), 'too_many_pixels')
    assert.equal(await send(await picture().jpeg().toBuffer(), 'image/jpeg'), 'deadline_exceeded', 'decoded strip by strip, and waiting for the model')
  })

  for (const [format, photo] of Object.entries(otherFormats)) {
    test(`${format} unless it is configured`, async (t) => {
      const request = { method: 'POST', url: '/classify?topK=1', ...formOf(photo) } as const
      const { app } = await openApp(t, {}, { start: false })
      assert.equal((await app.inject(request)).json<{ code: string }>().code, 'unsupported_media')
      const { app: accepting } = await openApp(t, { IMAGE_FORMATS: `jpeg,${format}` })
      const { results } = (await accepting.inject(request)).json<Answer>()
      assert.equal(results[0]?.predictions?.[0]?.label, 'espresso')
    })
  }

  test('another method, and says which it takes', async (t) => {
    const { app } = await openApp(t, {}, { start: false })
    const response = await app.inject({ method: 'GET', url: '/classify' })
    assert.equal(response.statusCode, 405)
    assert.equal(response.headers['allow'], 'POST')
    assert.equal(response.json<{ code: string }>().code, 'method_not_allowed')
  })
})

/** Waits for what the service does by itself; the test's own time limit ends it. */
async function until (condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

suite('waiting for a response', () => {
  test('a request that comes before the model is loaded is answered when it is', async (t) => {
    const { app, classifier } = await openApp(t, {}, { start: false })
    assert.equal((await app.inject('/readyz')).statusCode, 503)
    const early = app.inject({ method: 'POST', url: '/classify?topK=1', ...formOf(coffee) })
    await classifier.start()
    assert.equal((await early).json<Answer>().results[0]?.predictions?.[0]?.label, 'espresso')
    assert.equal((await app.inject('/readyz')).statusCode, 200)
  })

  test('ends at the deadline, which frees the place in the queue', async (t) => {
    const { app } = await openApp(t, { REQUEST_TIMEOUT_MS: '300', MAX_QUEUE_SIZE: '2', MAX_IMAGES: '1' }, { start: false })
    for (let i = 0; i < 3; i++) {
      const response = await app.inject({ method: 'POST', url: '/classify', ...formOf(coffee) })
      assert.equal(response.statusCode, 504)
      assert.equal(response.json<{ code: string }>().code, 'deadline_exceeded')
    }
  })

  test('ends at the client\'s deadline if that is earlier', async (t) => {
    const { app } = await openApp(t, {}, { start: false })
    const { headers, payload } = formOf(coffee)
    const ask = async (timeout: string) =>
      await app.inject({ method: 'POST', url: '/classify', payload, headers: { ...headers, 'x-request-timeout-ms': timeout } })
    const response = await ask('250')
    assert.equal(response.statusCode, 504)
    assert.match(response.json<{ detail: string }>().detail, /within 250 ms/)
    for (const timeout of ['0', '-5', 'soon', '1e3']) assert.equal((await ask(timeout)).json<{ code: string }>().code, 'invalid_request')
  })

  test('never after the service\'s own deadline', async (t) => {
    const { app } = await openApp(t, { REQUEST_TIMEOUT_MS: '250' }, { start: false })
    const { headers, payload } = formOf(coffee)
    const response = await app.inject({ method: 'POST', url: '/classify', payload, headers: { ...headers, 'x-request-timeout-ms': '99999' } })
    assert.match(response.json<{ detail: string }>().detail, /within 250 ms/)
  })

  test('bodies over the memory for all of them are rejected, and what was read is given back', async (t) => {
    const { app } = await openApp(t, { REQUEST_MEMORY_BYTES: '300000' })
    for (let i = 0; i < 3; i++) {
      const refused = await app.inject({ method: 'POST', url: '/classify', ...formOf(coffee) })
      assert.equal(refused.json<{ code: string }>().code, 'memory_exhausted')
      assert.equal(refused.statusCode, 503)
      assert.equal((await app.inject({ method: 'POST', url: '/classify', ...formOf(chelsea) })).statusCode, 200)
    }
  })

  test('above the limit of images in flight a request is rejected at once, with the time to try again', async (t) => {
    const { app, classifier } = await openApp(t, { MAX_QUEUE_SIZE: '4', MAX_IMAGES: '2' }, { start: false })
    const admitted = Promise.all(Array.from({ length: 2 }, () => app.inject({ method: 'POST', url: '/classify', ...formOf(coffee, coffee) })))
    await until(() => classifier.admission.inFlight === 4)
    const refused = await app.inject({ method: 'POST', url: '/classify', ...formOf(chelsea) })
    assert.equal(refused.statusCode, 503)
    assert.equal(refused.json<{ code: string }>().code, 'queue_full')
    assert.ok(Number(refused.headers['retry-after']) >= 1)
    await classifier.start()
    assert.deepEqual((await admitted).map(({ statusCode }) => statusCode), [200, 200])
  })

  test('a client that hangs up frees its place', async (t) => {
    const { app, classifier } = await openApp(t, { MAX_QUEUE_SIZE: '2', MAX_IMAGES: '1' }, { start: false })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const { headers, payload } = formOf(coffee)

    const impatient = httpRequest({ port, host: '127.0.0.1', path: '/classify', method: 'POST', headers })
    impatient.on('error', () => {}) // it is destroyed below
    impatient.end(payload)
    await until(() => classifier.admission.inFlight === 1)
    impatient.destroy()
    await until(() => classifier.admission.inFlight === 0)

    await classifier.start()
    const next = await app.inject({ method: 'POST', url: '/classify?topK=1', headers, payload })
    assert.equal(next.json<Answer>().results[0]?.predictions?.[0]?.label, 'espresso')
  })
})
