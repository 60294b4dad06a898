/** Amazon SageMaker: GET /ping, POST /invocations with an image itself or with JSON */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { imageLimit, requestLimit } from '../plugins/request-body.ts'
import { classifyRequest, type ClassificationService } from '../classify-request.ts'
import { ServiceError } from '../../errors.ts'
import { imageFormats, parseFormats } from '../../images/formats.ts'
import { probe } from '../route-access.ts'
import { ProblemResponseSchema } from '../schemas/problem.ts'
import { defaultTopK } from '../schemas/classification.ts'
import { PredictionsSchema, readInstances } from './instances.ts'
import { checkReadiness } from '../readiness.ts'

type Instances = ReturnType<typeof readInstances>

export function registerSageMakerRoutes (app: FastifyInstance, images: FastifyInstance, service: ClassificationService): void {
  const { classifier, config } = service
  const { classes } = classifier.model.manifest

  app.get('/ping', { config: probe }, async () => {
    checkReadiness(app, service)
    return {}
  })

  images.addContentTypeParser('application/json', async ({ bodyReader }: FastifyRequest) =>
    readInstances(await bodyReader.readAll(requestLimit(config)), classes, config))
  // SageMaker's own image classifier takes the last one.
  const imageTypes = [...parseFormats(config.imageFormats).map((format) => imageFormats[format].mediaType), 'application/x-image']
  images.addContentTypeParser(imageTypes, async ({ bodyReader }: FastifyRequest): Promise<Instances> =>
    ({ uploads: [await bodyReader.readAll(imageLimit(config))], selection: { topK: defaultTopK(classes) } }))

  images.post<{ Body: Instances | undefined }>('/invocations', {
    schema: { response: { 200: PredictionsSchema, '4xx': ProblemResponseSchema, '5xx': ProblemResponseSchema } },
  }, async (request, reply) => {
    if (request.body === undefined) throw new ServiceError('empty_body', 'Expected an image or JSON with instances, got no body.')
    const { uploads, selection } = request.body
    return { predictions: await classifyRequest(service, request, reply, uploads, selection) }
  })
}
