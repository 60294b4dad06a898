/** POST /classify */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { budgetBytes } from '../available-memory.ts'
import type { Classification, Classifier } from '../classifier.ts'
import { clientOf } from '../client-share.ts'
import type { Config } from '../config.ts'
import { ServiceError } from '../errors.ts'
import { imageFormats, parseFormats } from '../pipeline/image-formats.ts'
import { MemoryBudget } from '../pipeline/memory-budget.ts'
import { readMultipart, type Upload } from '../pipeline/read-images.ts'
import { registerExpectContinue } from '../plugins/expect-continue.ts'
import { registerLoadShedding } from '../plugins/load-shedding.ts'
import { sendProblem } from '../plugins/problem-details.ts'
import { round } from '../plugins/request-log.ts'
import { registerRequestDeadline } from '../plugins/request-deadline.ts'
import { registerRequestMemory } from '../plugins/request-memory.ts'
import { ClassificationSchema, classificationQuerySchema } from '../schemas/classification.ts'
import { ProblemAnswerSchema, toProblem } from '../schemas/problem.ts'

export function registerClassifyRoute (app: FastifyInstance, classifier: Classifier, config: Config): void {
  const { version, manifest: { name, classes } } = classifier.model
  const querystring = classificationQuerySchema(classes)
  const mediaTypes = parseFormats(config.imageFormats).map((format) => imageFormats[format].mediaType)

  // Encapsulated: these bodies are images here and nowhere else.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('multipart/form-data', async (request: FastifyRequest, body: IncomingMessage) =>
      await readMultipart(request.headers, body, config))
    // Before the body is read: what will be refused anyway costs nothing.
    await registerLoadShedding(scope, config)
    scope.addHook('onRequest', async (request) => {
      const encoding = request.headers['content-encoding'] ?? 'identity'
      if (encoding !== 'identity') throw new ServiceError('unsupported_media', `Expected a body without Content-Encoding, got ${JSON.stringify(encoding.slice(0, 100))}.`)
      classifier.admit(0, clientOf(request))
    })
    scope.addHook('preValidation', async ({ query }) => refuseOtherNumbers((query as { topK?: unknown }).topK))
    registerExpectContinue(scope, config)
    registerRequestMemory(scope, new MemoryBudget(budgetBytes(config.requestMemoryBytes)))
    registerRequestDeadline(scope, config)
    scope.addContentTypeParser(mediaTypes, { parseAs: 'buffer', bodyLimit: config.maxImageBytes },
      async (_request: unknown, body: Buffer) => [body])

    scope.post<{ Body: Upload[] | undefined, Querystring: Static<typeof querystring> }>('/classify', {
      schema: { querystring, response: { 200: ClassificationSchema, '4xx': ProblemAnswerSchema, '5xx': ProblemAnswerSchema } },
    }, async (request, reply) => {
      const readMs = reply.elapsedTime
      const endedAt = performance.now()
      request.timeline.push({ stage: 'read', startedAt: endedAt - readMs, endedAt })
      if (request.body === undefined) throw new ServiceError('empty_body', 'Expected an image, got no body.')
      const { body, query: { topK } } = request
      const classification = await classifier.classify(body, topK, request.deadline, {
        client: clientOf(request),
        onStage: (report) => request.timeline.push(report),
      })
      const { results, times, batchSize } = classification
      const stages = { read: round(readMs), ...mapValues(times, round) }
      const errors = failures(classification)
      const imageCodes = errors.map(({ code }) => code)
      request.outcome = { ...request.outcome, images: results.length, batchSize, stages, ...(errors.length > 0 && { imageCodes }) }
      reply.header('server-timing', Object.entries(stages).map(([stage, duration]) => `${stage};dur=${duration}`).join(', '))
      for (const error of errors) {
        const level = error.statusCode >= 500 ? 'error' : 'debug'
        request.log[level]({ code: error.code, err: error.cause }, 'an image was not classified')
      }
      if (errors.length === results.length) return sendProblem(request, reply, errors[0]!, errors)
      return {
        model: { name, version },
        results: results.map((result) => Array.isArray(result) ? { predictions: result } : { error: toProblem(result, request.id) }),
      }
    })
  })
}

/** Validation takes what JavaScript takes for a number: `0x5`, ` 5`, `5e0`. */
function refuseOtherNumbers (topK: unknown): void {
  if (typeof topK !== 'string' || /^\d+$/.test(topK)) return
  throw new ServiceError('invalid_request', `Expected the query parameter topK to be a whole number, got ${JSON.stringify(topK.slice(0, 100))}.`)
}

function failures ({ results }: Classification): ServiceError[] {
  return results.filter((result): result is ServiceError => !Array.isArray(result))
}

function mapValues<Key extends string> (record: Record<Key, number>, map: (value: number) => number): Record<Key, number> {
  return Object.fromEntries(Object.entries<number>(record).map(([key, value]) => [key, map(value)])) as Record<Key, number>
}
