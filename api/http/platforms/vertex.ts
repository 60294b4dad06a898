/** Vertex AI: readiness and predictions under the paths in AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE. */
import type { FastifyInstance } from 'fastify'
import { classifyRequest, type ClassificationService } from '../classify-request.ts'
import { ConfigError } from '../../config.ts'
import { registerAnyBody } from './json-images.ts'
import { probe } from '../route-access.ts'
import { ProblemResponseSchema } from '../schemas/problem.ts'
import { PredictionsSchema, readInstances } from './instances.ts'
import { checkReadiness } from '../readiness.ts'

/** Registers Vertex AI's routes. @throws ConfigError if a path already has another meaning. */
export function registerVertexRoutes (app: FastifyInstance, images: FastifyInstance, service: ClassificationService): void {
  const { classifier, config } = service
  const { classes } = classifier.model.manifest
  const healthRoute = escapeColons(config.aipHealthRoute)
  const predictRoute = escapeColons(config.aipPredictRoute)

  // A path that already has a readiness route needs nothing.
  if (healthRoute !== '' && !app.hasRoute({ method: 'GET', url: healthRoute })) {
    app.get(healthRoute, { config: probe }, async () => {
      checkReadiness(app, service)
      return {}
    })
  }

  if (predictRoute === '') return
  if (app.hasRoute({ method: 'POST', url: predictRoute })) {
    throw new ConfigError(`Expected AIP_PREDICT_ROUTE to be a path of its own, got ${JSON.stringify(config.aipPredictRoute)}.`)
  }
  registerAnyBody(images, config)
  images.post<{ Body: Buffer | undefined }>(predictRoute, {
    schema: { response: { 200: PredictionsSchema, '4xx': ProblemResponseSchema, '5xx': ProblemResponseSchema } },
  }, async (request, reply) => {
    const { uploads, selection } = readInstances(request.body, classes, config)
    return { predictions: await classifyRequest(service, request, reply, uploads, selection) }
  })
}

/** Escapes colons, which a route needs twice if they do not start a parameter. */
export function escapeColons (path: string): string {
  return path.replaceAll(':', '::')
}
