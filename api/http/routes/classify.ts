/** POST /classify */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { imageLimit } from '../body-limit.ts'
import { classifyRequest, type ClassificationService } from '../classify-request.ts'
import { ServiceError } from '../../errors.ts'
import { imageFormats, parseFormats } from '../../images/formats.ts'
import { readMultipart } from './read-multipart.ts'
import type { Upload } from '../../images/upload.ts'
import type { Selection } from '../../engine/postprocess.ts'
import { ClassificationSchema, classificationQuerySchema } from '../schemas/classification.ts'
import { ProblemAnswerSchema } from '../schemas/problem.ts'

export function registerClassifyRoute (_app: FastifyInstance, images: FastifyInstance, service: ClassificationService): void {
  const { classifier: { model: { version, manifest: { name, classes } } }, config } = service
  const querystring = classificationQuerySchema(classes)
  const mediaTypes = parseFormats(config.imageFormats).map((format) => imageFormats[format].mediaType)

  images.addContentTypeParser('multipart/form-data', async ({ headers, bodyReader }: FastifyRequest) =>
    await readMultipart(headers, bodyReader, config))
  images.addContentTypeParser(mediaTypes, async ({ bodyReader }: FastifyRequest) => [await bodyReader.readAll(imageLimit(config))])

  images.post<{ Body: Upload[] | undefined, Querystring: Selection }>('/classify', {
    preValidation: async ({ query }) => refuseOtherNumbers(query),
    schema: { querystring, response: { 200: ClassificationSchema, '4xx': ProblemAnswerSchema, '5xx': ProblemAnswerSchema } },
  }, async (request, reply) => {
    if (request.body === undefined) throw new ServiceError('empty_body', 'Expected an image, got no body.')
    return { model: { name, version }, results: await classifyRequest(service, request, reply, request.body, request.query) }
  })
}

const notations: Record<keyof Selection, readonly [RegExp, string]> = {
  topK: [/^\d+$/, 'a whole number'],
  minScore: [/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i, 'a decimal number'],
}

/** Validation takes what JavaScript takes for a number: `0x5`, ` 5`, and for whole ones `5e0`. */
function refuseOtherNumbers (query: unknown): void {
  for (const [name, [notation, kind]] of Object.entries(notations)) {
    const value = (query as Record<string, unknown>)[name]
    if (typeof value !== 'string' || notation.test(value)) continue
    throw new ServiceError('invalid_request', `Expected the query parameter ${name} to be ${kind}, got ${JSON.stringify(value.slice(0, 100))}.`)
  }
}
