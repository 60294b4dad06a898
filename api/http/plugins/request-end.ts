/**
 * Follows each request to its end: its response is out, or its client is gone. Fastify's onResponse tells only of the former. Also the id
 * and the log line of a request.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { StageReport } from '../../engine/stage-timer.ts'
import type { ErrorCode } from '../../errors.ts'
import { roundMs } from '../../log.ts'

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
  readonly requestId: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Pattern of its route, if it has one. */
  readonly route: string | undefined
  /** The answer's, or 499 if the client did not wait for all of it. */
  readonly status: number
  readonly hasResponse: boolean
  readonly durationMs: number
  readonly outcome: Outcome
  /** None if it was refused before the framework made one. */
  readonly request?: FastifyRequest
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
    /** Tells those of the end of a request that the framework has never seen. */
    endRequest: (end: RequestEnd) => void
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
  app.decorate('endRequest', (end: RequestEnd) => {
    for (const observe of observers) {
      try {
        observe(end)
      } catch (err) {
        // It is called by an event of the response, where an error would end the process.
        app.log.error({ err, requestId: end.requestId }, 'the end of a request was not observed')
      }
    }
  })
  app.decorate('awaitRequestEnd', (request: FastifyRequest, reply: FastifyReply) => {
    request.outcome = {}
    request.timeline = []
    let hasEnded = false
    const end = (hasResponse: boolean): void => {
      if (hasEnded) return
      hasEnded = true
      if (!hasResponse) request.outcome = { ...request.outcome, code: 'client_gone' }
      const { id, method, url, routeOptions, outcome } = request
      app.endRequest({
        requestId: id,
        method,
        path: url.split('?', 1)[0]!,
        route: routeOptions.url,
        status: hasResponse ? reply.statusCode : clientGoneStatus,
        hasResponse,
        durationMs: reply.elapsedTime,
        outcome,
        request,
      })
    }
    reply.raw.once('finish', () => end(true))
    reply.raw.once('close', () => end(false))
  })
  app.addHook('onRequest', (request, reply, done) => {
    app.awaitRequestEnd(request, reply)
    done()
  })
}

/** Logs one line per request: method, path, status and times. Image bytes and file names are never logged. */
export function registerRequestLog (app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  app.onRequestEnd(({ requestId, method, path, status, hasResponse, durationMs, outcome, request }) => {
    const line = { method, path: path.slice(0, 200), status, durationMs: roundMs(durationMs), ...outcome }
    if (request === undefined) app.log.info({ requestId, ...line }, 'answered')
    else if (request.routeOptions.config.isProbe === true) request.log.debug(line, 'probed')
    else request.log.info(line, hasResponse ? 'answered' : 'abandoned')
  })
}

/** One that a log and a header can hold. */
const acceptable = /^[\w.:-]{1,128}$/

/** The client's own id of its request, if it gave an acceptable one; otherwise a new one. */
export function requestIdOf ({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && acceptable.test(given) ? given : randomUUID()
}
