/** KServe's first protocol, that of TensorFlow Serving: GET /v1/models, GET /v1/models/NAME, POST /v1/models/NAME:predict */
import type { FastifyInstance } from 'fastify'
import { classifyRequest, type ClassificationService } from '../classify-request.ts'
import { registerAnyBody } from './json-images.ts'
import { ProblemResponseSchema } from '../schemas/problem.ts'
import { PredictionsSchema, readInstances } from './instances.ts'
import { requireModel, servedName } from './served-model.ts'
import { checkReadiness } from '../readiness.ts'

export function registerKServeV1Routes (app: FastifyInstance, images: FastifyInstance, service: ClassificationService): void {
  const { classifier, config } = service
  const { classes } = classifier.model.manifest
  const name = servedName(service)
  const onRequest = requireModel(service)

  app.get('/v1/models', async () => ({ models: [name] }))

  app.get('/v1/models/:name', { onRequest }, async () => {
    checkReadiness(app, service)
    return { name, ready: true }
  })

  registerAnyBody(images, config)
  images.post<{ Body: Buffer | undefined }>('/v1/models/:name(^[^:/]+)::predict', {
    onRequest, schema: { response: { 200: PredictionsSchema, '4xx': ProblemResponseSchema, '5xx': ProblemResponseSchema } },
  }, async (request, reply) => {
    const { uploads, selection } = readInstances(request.body, classes, config)
    return { predictions: await classifyRequest(service, request, reply, uploads, selection) }
  })
}
