/**
 * What becomes known of a request until it ends, and its end: its answer is out, or its client is gone.
 * Fastify's onResponse knows the former only.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { StageReport } from '../classifier.ts'
import type { ErrorCode } from '../errors.ts'

/** How a request ended, beside its status and duration. */
export interface Outcome {
  /** Id of the API key. */
  readonly keyId?: string
  readonly images?: number
  /** Largest batch in which one of the images ran. */
  readonly batchSize?: number
  /** Milliseconds of each stage; of several images, the slowest. */
  readonly stages?: Readonly<Record<string, number>>
  /** Why the request as a whole has no other answer. */
  readonly code?: ErrorCode
  /** Why single images have no predictions. */
  readonly imageCodes?: readonly ErrorCode[]
}

export interface RequestEnd {
  readonly request: FastifyRequest
  /** The answer's, or 499 if the client did not wait for all of it. */
  readonly status: number
  readonly isAnswered: boolean
  readonly durationMs: number
}

declare module 'fastify' {
  interface FastifyRequest {
    outcome: Outcome
    /** Every stage of every image so far. */
    timeline: StageReport[]
  }
  interface FastifyInstance {
    /** Calls back once a request. */
    onRequestEnd: (observe: (end: RequestEnd) => void) => void
    /** To be called for requests that meet no hooks. */
    awaitRequestEnd: (request: FastifyRequest, reply: FastifyReply) => void
  }
}

const clientGoneStatus = 499

export function registerRequestEnd (app: FastifyInstance): void {
  const observers: Array<(end: RequestEnd) => void> = []
  app.decorateRequest('outcome', null as unknown as Outcome)
  app.decorateRequest('timeline', null as unknown as StageReport[])
  app.decorate('onRequestEnd', (observe: (end: RequestEnd) => void) => { observers.push(observe) })
  app.decorate('awaitRequestEnd', (request: FastifyRequest, reply: FastifyReply) => {
    request.outcome = {}
    request.timeline = []
    let hasEnded = false
    const end = (isAnswered: boolean): void => {
      if (hasEnded) return
      hasEnded = true
      if (!isAnswered) request.outcome = { ...request.outcome, code: 'client_gone' }
      const status = isAnswered ? reply.statusCode : clientGoneStatus
      for (const observe of observers) observe({ request, status, isAnswered, durationMs: reply.elapsedTime })
    }
    reply.raw.once('finish', () => end(true))
    reply.raw.once('close', () => end(false))
  })
  app.addHook('onRequest', async (request, reply) => app.awaitRequestEnd(request, reply))
}
