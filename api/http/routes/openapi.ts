/** GET /openapi.json, GET /docs */
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../config.ts'
import type { DescribedRoute } from '../openapi/document.ts'
import { open } from '../route-access.ts'
import { renderOnce } from '../render-once.ts'

/** Registers the description; must come before the routes that it describes. */
export function registerOpenApiRoutes (app: FastifyInstance, config: Config): void {
  const routes: DescribedRoute[] = []
  app.addHook('onRoute', ({ method, url, schema, config = {} }) => {
    if (method !== 'HEAD') routes.push({ method, url, config, ...schema === undefined ? {} : { schema } })
  })

  // Loaded on demand: most instances never need it, and each would start later.
  const getDocument = renderOnce(async () => (await import('../openapi/document.ts')).buildDocument(routes, config))
  const getJson = renderOnce(async () => Buffer.from(JSON.stringify(await getDocument())))
  const getPage = renderOnce(async () => {
    const { contentSecurityPolicy, renderDocsPage } = await import('../openapi/docs-page.ts')
    return { contentSecurityPolicy, html: Buffer.from(renderDocsPage(await getDocument())) }
  })
  const options = { config: open, onRequest: app.shedLoad }

  app.get('/openapi.json', options, async (_request, reply) => {
    reply.type('application/json; charset=utf-8')
    return await getJson()
  })

  app.get('/docs', options, async (_request, reply) => {
    const { contentSecurityPolicy, html } = await getPage()
    reply.type('text/html; charset=utf-8').header('content-security-policy', contentSecurityPolicy)
    return html
  })
}
