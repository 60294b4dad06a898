/** The HTTP application: plugins and routes in the order in which a request meets them. Does not listen. */
import { createServer } from 'node:http'
import Fastify, { LogController, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Classifier } from './engine/classifier.ts'
import type { Config } from './config.ts'
import { registerApiKeys } from './http/plugins/api-keys.ts'
import { registerConnectionLimit, registerPipeliningLimit } from './http/plugins/connections.ts'
import { registerCors } from './http/plugins/cors.ts'
import { EarlyRejection } from './http/plugins/early-rejection.ts'
import { registerGracefulClose } from './http/plugins/graceful-close.ts'
import { registerLingeringClose } from './http/plugins/lingering-close.ts'
import { registerLoadShedding } from './http/plugins/load-shedding.ts'
import { registerMetrics } from './http/plugins/metrics.ts'
import { handleClientError, handleFrameworkError, registerProblemDetails } from './http/plugins/problem-details.ts'
import { registerRequestEnd, registerRequestLog, requestIdOf } from './http/plugins/request-end.ts'
import { registerSecurityHeaders } from './http/plugins/security-headers.ts'
import { registerClassificationRoutes } from './http/routes/classification-routes.ts'
import { registerHealthRoutes } from './http/routes/health.ts'
import { registerModelRoute } from './http/routes/model.ts'
import { registerOpenApiRoutes } from './http/routes/openapi.ts'
import { registerPlaygroundRoute } from './http/routes/playground.ts'
import { readApiKeys } from './http/plugins/key-file.ts'
import { parseTrustProxy } from './http/trust-proxy.ts'

const headersTimeoutMs = 10_000
const connectionsCheckingIntervalMs = 2000

export function buildApp (
  config: Config, classifier: Classifier, logger: NonNullable<FastifyServerOptions['logger']> = false
): FastifyInstance {
  const earlyRejection = new EarlyRejection(classifier, config)
  const app = Fastify({
    logger,
    // Fastify does not set the timeouts of a server from a factory.
    serverFactory: (handle) => createServer({
      requestTimeout: config.requestTimeoutMs,
      headersTimeout: Math.min(headersTimeoutMs, config.requestTimeoutMs),
      keepAliveTimeout: config.keepAliveTimeoutMs,
      connectionsCheckingInterval: connectionsCheckingIntervalMs,
    }, (request, response) => {
      if (!earlyRejection.tryReject(request, response)) handle(request, response)
      // Ends connections of clients that do not read their response: no data for longer than any request may take.
    }).setTimeout(config.requestTimeoutMs + 2 * connectionsCheckingIntervalMs),
    // One log line of our own per request, with its id under the name that responses use.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestIdOf,
    trustProxy: parseTrustProxy(config.trustProxy),
    forceCloseConnections: 'idle',
    // It would also end a close that waits longer than 10 s, which has SHUTDOWN_TIMEOUT_MS.
    pluginTimeout: 0,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => handleFrameworkError(error, request, reply),
    clientErrorHandler: handleClientError,
    // A misspelt parameter is rejected, not ignored; 1e400 is a number, so that bounds apply to it.
    // Schemas are validated by test/api/schemas.test.ts instead of at every start.
    ajv: { customOptions: { removeAdditional: false, strictNumbers: false, validateSchema: false } },
  })
  const service = { classifier, config }
  // Only routes that classify read bodies.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async () => undefined)
  registerConnectionLimit(app, config)
  registerGracefulClose(app, config)
  registerLingeringClose(app)
  registerPipeliningLimit(app)
  registerRequestEnd(app)
  registerRequestLog(app)
  if (config.otelExporterOtlpEndpoint !== '') {
    app.register(async () => {
      const { registerTracing } = await import('./http/plugins/tracing.ts')
      registerTracing(app, config)
    })
  }
  registerSecurityHeaders(app)
  registerProblemDetails(app, config)
  registerCors(app, config)
  registerApiKeys(app, config)
  registerLoadShedding(app, config)
  registerOpenApiRoutes(app, config) // first: it describes the routes that follow
  registerMetrics(app, classifier, config)
  registerHealthRoutes(app, service)
  registerModelRoute(app, classifier)
  registerPlaygroundRoute(app, config)
  registerClassificationRoutes(app, service, earlyRejection)
  app.addHook('onClose', () => classifier.close())
  return app
}

/** Checks the settings that `buildApp` parses. @throws ConfigError if one is not valid. */
export function checkSettings ({ trustProxy, apiKeysFile }: Config): void {
  parseTrustProxy(trustProxy)
  if (apiKeysFile !== '') readApiKeys(apiKeysFile)
}
