/** POST /classify */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { classifyRequest, type ClassificationService } from '../classify-request.ts'
import { ServiceError } from '../errors.ts'
import { imageFormats, parseFormats } from '../pipeline/image-formats.ts'
import { readMultipart } from '../pipeline/read-images.ts'
import type { Upload } from '../pipeline/upload.ts'
import { ClassificationSchema, classificationQuerySchema, toResult } from '../schemas/classification.ts'
import { ProblemAnswerSchema } from '../schemas/problem.ts'

export function registerClassifyRoute (_app: FastifyInstance, images: FastifyInstance, service: ClassificationService): void {
  const { classifier: { model: { version, manifest: { name, classes } } }, config } = service
  const querystring = classificationQuerySchema(classes)
  const mediaTypes = parseFormats(config.imageFormats).map((format) => imageFormats[format].mediaType)

  images.addContentTypeParser('multipart/form-data', async (request: FastifyRequest, body: IncomingMessage) =>
    await readMultipart(request.headers, body, config))
  images.addContentTypeParser(mediaTypes, { parseAs: 'buffer', bodyLimit: config.maxImageBytes },
    async (_request: unknown, body: Buffer) => [body])

  images.post<{ Body: Upload[] | undefined, Querystring: Static<typeof querystring> }>('/classify', {
    preValidation: async ({ query }) => refuseOtherNumbers((query as { topK?: unknown }).topK),
    schema: { querystring, response: { 200: ClassificationSchema, '4xx': ProblemAnswerSchema, '5xx': ProblemAnswerSchema } },
  }, async (request, reply) => {
    if (request.body === undefined) throw new ServiceError('empty_body', 'Expected an image, got no body.')
    const results = await classifyRequest(service, request, reply, request.body, request.query.topK)
    return { model: { name, version }, results: results.map((result) => toResult(result, request.id)) }
  })
}

/** Validation takes what JavaScript takes for a number: `0x5`, ` 5`, `5e0`. */
function refuseOtherNumbers (topK: unknown): void {
  if (typeof topK !== 'string' || /^\d+$/.test(topK)) return
  throw new ServiceError('invalid_request', `Expected the query parameter topK to be a whole number, got ${JSON.stringify(topK.slice(0, 100))}.`)
}
