import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Check } from 'typebox/value'
import { errorCodes, ServiceError } from '../../../../api/errors.ts'
import { ClassificationSchema } from '../../../../api/http/schemas/classification.ts'
import { ModelSchema } from '../../../../api/http/schemas/model.ts'
import { ProblemResponseSchema } from '../../../../api/http/schemas/problem.ts'
import { packageRoot } from '../../../../models/package-root.ts'
import { readFixture } from '../../../fixtures/index.ts'
import { formOf, openApp } from '../../open-app.ts'

interface Content { schema: object, example?: unknown, examples?: Record<string, { value: { code: string, status: number } }> }
interface Operation {
  requestBody?: { content: Record<string, Content> }
  responses: Record<string, { headers: Record<string, object>, content: Record<string, Content> }>
  security?: object[]
}
interface Document { openapi: string, info: { version: string }, paths: Record<string, Record<string, Operation>>, security: object[] }

const snapshot = join(packageRoot, 'test/api/openapi.json')
const howToUpdate = 'The contract changed. If it was meant to: UPDATE_OPENAPI=1 npm test -- openapi, then review the diff of test/api/openapi.json.'

async function readDocument (t: test.TestContext, environment: Record<string, string> = {}): Promise<Document> {
  const { app } = await openApp(t, environment, { start: false })
  const response = await app.inject('/openapi.json')
  assert.equal(response.headers['content-type'], 'application/json; charset=utf-8')
  return response.json<Document>()
}

test('is a valid OpenAPI 3.1 document', async (t) => {
  const document = await readDocument(t)
  const validator = new Validator()
  const { valid, errors } = await validator.validate({ ...document })
  assert.ok(valid, JSON.stringify(errors))
  assert.equal(validator.version, '3.1')
  const broken = await new Validator().validate({ ...document, paths: { '/x': { get: { responses: { 200: {} } } } } })
  assert.equal(broken.valid, false, 'the validator finds a response without a description')
})

test('has no tuples in the words of earlier JSON Schemas, which the validator does not look for', async (t) => {
  assert.doesNotMatch(JSON.stringify(await readDocument(t)), /"items":\[|"additionalItems"/)
})

test('is the one that was reviewed', async (t) => {
  const document = await readDocument(t)
  if (process.env['UPDATE_OPENAPI'] !== undefined) writeFileSync(snapshot, `${JSON.stringify(document, null, 2)}\n`)
  assert.deepEqual(document, JSON.parse(readFileSync(snapshot, 'utf8')), howToUpdate)
})

test('describes every route but itself, its page and what is no part of the contract', async (t) => {
  const { app } = await openApp(t, { CORS_ORIGINS: 'https://example.com', AIP_HEALTH_ROUTE: '/h', AIP_PREDICT_ROUTE: '/v1/endpoints/1/deployedModels/2:predict' }, { start: false })
  const { paths } = (await app.inject('/openapi.json')).json<Document>()
  const described = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
  const served = listRoutes(app.printRoutes({ commonPrefix: false }))
  const unlisted = /^HEAD |^GET \/(openapi\.json|docs|metrics)?$/
  assert.deepEqual(served.filter((route) => !unlisted.test(route)).sort(), described.sort())
})

/** Fastify's printed tree of routes -> `METHOD /path`, in the words of OpenAPI. */
function listRoutes (tree: string): string[] {
  const parents: string[] = []
  return [...tree.matchAll(/^(.*)── ([^*\s]\S*)(?: \((.+)\))?$/gm)].flatMap(([, { length: indent } = '', part = '', methods]) => {
    const depth = Math.floor(indent / 4)
    const path = (parents[depth - 1] ?? '') + part
    parents.splice(depth, Infinity, path)
    const described = path.replaceAll(/\/:(\w+)(\([^)]*\))?/g, '/{$1}').replaceAll('::', ':')
    return methods?.split(', ').map((method) => `${method} ${described}`) ?? []
  })
}

test('has every code of a problem under its status, each with an example that fits the schema', async (t) => {
  const { paths } = await readDocument(t)
  const found = new Set<string>()
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const [status, { headers, content }] of Object.entries(operation.responses)) {
      assert.ok('x-request-id' in headers)
      assert.equal('retry-after' in headers, status === '429' || status === '503', status)
      assert.equal('www-authenticate' in headers, status === '401', status)
      for (const [code, { value }] of Object.entries(content['application/problem+json']?.examples ?? {})) {
        assert.ok(Check(ProblemResponseSchema, value))
        assert.equal(value.code, code)
        assert.equal(String(value.status), status)
        found.add(code)
      }
    }
  }
  const visible = errorCodes.filter((code) => !['client_gone', 'method_not_allowed'].includes(code))
  assert.deepEqual([...found].sort(), visible.sort())
  assert.ok(visible.every((code) => new ServiceError(code, '').statusCode !== 499))
})

test('has examples of responses that fit their schemas and what the service says', async (t) => {
  const { paths } = await readDocument(t)
  const exampleOf = (path: string, method: string): unknown => paths[path]![method]!.responses['200']!.content['application/json']!.example
  assert.ok(Check(ModelSchema, exampleOf('/model', 'get')))
  const example = exampleOf('/classify', 'post')
  assert.ok(Check(ClassificationSchema, example))
  const { app } = await openApp(t)
  assert.ok(Check(ModelSchema, (await app.inject('/model')).json()))
  assert.deepEqual((await app.inject('/livez')).json(), exampleOf('/livez', 'get'))
  assert.deepEqual((await app.inject('/readyz')).json(), exampleOf('/readyz', 'get'))
  const answer = (await app.inject({ method: 'POST', url: '/classify?topK=1', ...formOf(readFixture('coffee.png')) })).json<typeof example>()
  assert.deepEqual(answer.model, example.model)
  assert.equal(answer.results[0]!.predictions![0]!.label, example.results[0]!.predictions![0]!.label)
})

test('follows the configuration: limits of bodies, and whether a key is needed', async (t) => {
  const { paths, security } = await readDocument(t, { MAX_IMAGES: '3', MAX_IMAGE_BYTES: '1000' })
  const form = paths['/classify']!['post']!.requestBody!.content['multipart/form-data']!.schema
  assert.match(JSON.stringify(form), /"maxItems":3\b.*At most 1000 bytes/)
  assert.deepEqual(security, [{}, { bearer: [] }, { header: [] }])
  assert.deepEqual(paths['/livez']!['get']!.security, [])
  assert.equal(paths['/model']!['get']!.security, undefined)
})
