/** Classification of a request's images, shared by every route, whatever its bodies and responses look like. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Classifier } from '../engine/classifier.ts'
import { clientOf } from './client-address.ts'
import type { Config } from '../config.ts'
import { FailedImagesError, ServiceError } from '../errors.ts'
import { roundMs } from '../log.ts'
import { postprocess, type Selection } from '../engine/postprocess.ts'
import type { Upload } from '../images/upload.ts'
import { toResult, type Result } from './schemas/classification.ts'

/** The service as the routes see it. */
export interface ClassificationService {
  readonly classifier: Classifier
  readonly config: Config
}

/**
 * Classifies the images of a request: the selected classes of each, or its error.
 *
 * @throws FailedImagesError if every image failed; otherwise as `inferRequest`.
 */
export async function classifyRequest (
  service: ClassificationService, request: FastifyRequest, reply: FastifyReply, uploads: readonly Upload[], { topK, minScore }: Selection
): Promise<Result[]> {
  const { model } = service.classifier
  const results = await inferRequest(service, request, reply, uploads, (logits) => postprocess(logits, model, topK, minScore))
  const errors = errorsOf(results)
  if (errors.length === results.length) throwIfAny(errors)
  return results.map((result) => toResult(result, request.id, minScore))
}

/**
 * Runs the images of a request: logits, float32 [classes] per image, for responses without a place for an image's problem.
 *
 * @throws FailedImagesError if one image failed; otherwise as `inferRequest`.
 */
export async function inferLogits (
  service: ClassificationService, request: FastifyRequest, reply: FastifyReply, uploads: readonly Upload[]
): Promise<Float32Array[]> {
  const results = await inferRequest(service, request, reply, uploads, (logits) => logits)
  throwIfAny(errorsOf(results))
  return results as Float32Array[]
}

/**
 * Runs the images of a request within its client's share and its deadline, and records times and outcome for the log, the trace
 * and `Server-Timing`.
 *
 * @throws `too_many_requests`, `queue_full`, `deadline_exceeded`, `client_gone`, `shutting_down`.
 */
async function inferRequest<Result> (
  { classifier }: ClassificationService, request: FastifyRequest, reply: FastifyReply,
  uploads: readonly Upload[], makeResult: (logits: Float32Array) => Result
): Promise<ReadonlyArray<Result | ServiceError>> {
  const endedAt = performance.now()
  const readMs = reply.elapsedTime
  request.timeline.push({ stage: 'read', startedAt: endedAt - readMs, endedAt })
  const { results, times, batchSize } = await classifier.infer(uploads, makeResult, request.deadline, {
    client: clientOf(request),
    onStage: (report) => request.timeline.push(report),
  })
  const stages = { read: roundMs(readMs), ...mapValues(times, roundMs) }
  const errors = errorsOf(results)
  const imageCodes = errors.map(({ code }) => code)
  request.outcome = { ...request.outcome, images: results.length, batchSize, stages, ...(errors.length > 0 && { imageCodes }) }
  reply.header('server-timing', Object.entries(stages).map(([stage, duration]) => `${stage};dur=${duration}`).join(', '))
  for (const error of errors) {
    const level = error.statusCode >= 500 ? 'error' : 'debug'
    request.log[level]({ code: error.code, err: error.cause }, 'an image was not classified')
  }
  return results
}

function errorsOf (results: readonly unknown[]): ServiceError[] {
  return results.filter((result) => result instanceof ServiceError)
}

function throwIfAny ([first, ...others]: readonly ServiceError[]): void {
  if (first !== undefined) throw new FailedImagesError([first, ...others])
}

function mapValues<Key extends string> (record: Record<Key, number>, map: (value: number) => number): Record<Key, number> {
  return Object.fromEntries(Object.entries<number>(record).map(([key, value]) => [key, map(value)])) as Record<Key, number>
}
