/** GET /openapi.json, GET /docs */
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import type { DescribedRoute, OpenApiDocument } from '../openapi/document.ts'
import { open } from '../plugins/route-access.ts'

/** Must come before the routes that it describes. */
export function registerOpenApiRoutes (app: FastifyInstance, config: Config): void {
  const routes: DescribedRoute[] = []
  app.addHook('onRoute', ({ method, url, schema, config = {} }) => {
    if (method !== 'HEAD') routes.push({ method, url, config, ...schema === undefined ? {} : { schema } })
  })

  // Made when it is first asked for, with all that this needs: most instances never are, and each would start later.
  let document: Promise<OpenApiDocument> | undefined
  const getDocument = async (): Promise<OpenApiDocument> => {
    document ??= import('../openapi/document.ts').then(async ({ buildDocument }) => await buildDocument(routes, config))
    document.catch(() => { document = undefined }) // the next request may have more luck
    return await document
  }

  app.get('/openapi.json', { config: open }, async (_request, reply) => {
    reply.type('application/json')
    return JSON.stringify(await getDocument())
  })

  app.get('/docs', { config: open }, async (_request, reply) => {
    const { contentSecurityPolicy, renderDocsPage } = await import('../openapi/docs-page.ts')
    reply.type('text/html; charset=utf-8').header('content-security-policy', contentSecurityPolicy)
    return renderDocsPage(await getDocument())
  })
}
