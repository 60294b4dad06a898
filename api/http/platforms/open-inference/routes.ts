/** The Open Inference Protocol, version 2, as in KServe and Triton: health and metadata, and POST /v2/models/NAME/infer */
import type { FastifyInstance } from 'fastify'
import { inferLogits, type ClassificationService } from '../../classify-request.ts'
import { modelMetadata, serverMetadata } from './metadata.ts'
import { readInferRequest } from './read-infer-request.ts'
import { writeInferResponse } from './write-infer-response.ts'
import { registerAnyBody } from '../json-images.ts'
import { addErrorMember } from './error-member.ts'
import { probe } from '../../route-access.ts'
import { ProtocolProblemSchema } from './schema.ts'
import { requireModel, servedName } from '../served-model.ts'
import { checkReadiness } from '../../readiness.ts'

const jsonLengthHeader = 'inference-header-content-length'

export function registerInferenceProtocolRoutes (app: FastifyInstance, images: FastifyInstance, service: ClassificationService): void {
  const { classifier, config } = service
  const { version, manifest } = classifier.model
  const name = servedName(service)
  const modelRoute = { onRequest: requireModel(service), preSerialization: addErrorMember }
  const limits = { ...config, classes: manifest.classes, cropSize: manifest.preprocessing.cropSize }
  registerAnyBody(images, config)

  app.get('/v2', async () => serverMetadata)
  app.get('/v2/health/live', { config: probe }, async () => ({ live: true }))
  app.get('/v2/health/ready', { config: probe, preSerialization: addErrorMember }, async () => {
    checkReadiness(app, service)
    return { ready: true }
  })

  for (const path of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    app.get(path, modelRoute, async () => modelMetadata(name, version, manifest))
    app.get(`${path}/ready`, modelRoute, async () => {
      checkReadiness(app, service)
      return { name, ready: true }
    })
    images.post<{ Body: Buffer | undefined }>(`${path}/infer`, {
      ...modelRoute, schema: { response: { '4xx': ProtocolProblemSchema, '5xx': ProtocolProblemSchema } },
    }, async (request, reply) => {
      const { body, uploads } = readInferRequest(request.body, request.headers[jsonLengthHeader]?.toString(), limits)
      const response = writeInferResponse(body, await inferLogits(service, request, reply, uploads), name, classifier.model)
      if (!('bytes' in response)) return response
      reply.type('application/octet-stream').header(jsonLengthHeader, response.jsonLength)
      return response.bytes
    })
  }
}
