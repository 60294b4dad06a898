/** Routes -> OpenAPI 3.1. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import swagger from '@fastify/swagger'
import Fastify, { type FastifySchema, type RouteOptions } from 'fastify'
import type { Config } from '../../config.ts'
import { ProblemResponseSchema } from '../schemas/problem.ts'
import { readModelDirectory } from '../../../models/manifest/manifest.ts'
import { packageRoot } from '../../../models/package-root.ts'
import { bundledModelDirectory } from '../../../models/manifest/model-store.ts'
import { problemsOf, type Operation } from './operation.ts'
import { describeOperations } from './operations.ts'
import { describeProblems } from './problem-responses.ts'

/** The part of a route that its description needs. */
export type DescribedRoute = Pick<RouteOptions, 'method' | 'url' | 'schema' | 'config'>

/** An OpenAPI document as a JSON value. */
export type OpenApiDocument = Readonly<Record<string, unknown>>

const key = 'Needed only if the service has a file of API keys.'

/**
 * Describes `routes` on a separate application that never serves: describing takes more time than a start can spare.
 */
export async function buildDocument (routes: readonly DescribedRoute[], config: Config): Promise<OpenApiDocument> {
  const { version, description } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { version: string, description: string }
  const operations = describeOperations(await readModelDirectory(bundledModelDirectory), config)
  const app = Fastify({ exposeHeadRoutes: false })
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => () => '')
  await app.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: { title: 'GhostServe', version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      servers: [{ url: '/' }],
      components: {
        schemas: { Problem: ProblemResponseSchema },
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: key },
          header: { type: 'apiKey', in: 'header', name: 'x-api-key', description: key },
        },
      },
      security: [...config.apiKeysFile === '' ? [{}] : [], { bearer: [] }, { header: [] }],
    },
  })
  for (const { method, url, schema, config: { isOpen = false } = {} } of routes) {
    const operation = operations[`${String(method)} ${url}`]
    if (operation !== undefined) app.route({ method, url, schema: describeRoute(isOpen, schema, operation), handler: () => {} })
  }
  await app.ready()
  return app.swagger() as unknown as OpenApiDocument
}

function describeRoute (isOpen: boolean, schema: FastifySchema = {}, operation: Operation): FastifySchema {
  const { operationId, summary, description, headers, body, otherResponses, success, samples } = operation
  const responseSchema = (schema.response as Record<string, unknown> | undefined)?.['200'] ?? success.schema
  return {
    operationId,
    summary,
    description,
    ...isOpen ? { security: [] } : {},
    ...schema.querystring === undefined ? {} : { querystring: schema.querystring },
    ...headers === undefined ? {} : { headers },
    ...body === undefined ? {} : { body: { content: body } },
    ...samples === undefined ? {} : { 'x-codeSamples': samples },
    response: {
      200: {
        description: success.description,
        headers: success.headers,
        content: { 'application/json': { schema: responseSchema, example: success.example }, ...otherResponses },
      },
      ...describeProblems(problemsOf(isOpen, operation)),
    },
  }
}
