/**
 * The end of a request: its response is out, or its client is gone; Fastify's onResponse reports only the former. Also the id
 * and the log line of a request.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { StageReport } from '../../engine/stage-timer.ts'
import type { ErrorCode } from '../../errors.ts'
import { roundMs } from '../../log.ts'

/** Outcome of a request, besides its status and duration. */
export interface Outcome {
  /** Id of the API key. */
  readonly keyId?: string
  readonly images?: number
  /** Largest batch in which one of the images ran. */
  readonly batchSize?: number
  /** Milliseconds per stage; with several images, those of the slowest. */
  readonly stages?: Readonly<Record<string, number>>
  /** Code of the error of the whole request. */
  readonly code?: ErrorCode
  /** Codes of images without predictions. */
  readonly imageCodes?: readonly ErrorCode[]
}

export interface RequestEnd {
  readonly requestId: string
  readonly method: string
  /** Path without the query. */
  readonly path: string
  /** Pattern of its route, if it has one. */
  readonly route: string | undefined
  /** Status of the response, or 499 if the client did not wait for all of it. */
  readonly status: number
  readonly hasResponse: boolean
  readonly durationMs: number
  readonly outcome: Outcome
  /** The request; undefined if it was rejected before the framework made one. */
  readonly request?: FastifyRequest
}

declare module 'fastify' {
  interface FastifyRequest {
    outcome: Outcome
    /** Every stage of every image so far. */
    timeline: StageReport[]
  }
  interface FastifyInstance {
    /** Registers an observer, called once per request. */
    onRequestEnd: (observe: (end: RequestEnd) => void) => void
    /** Notifies the observers of the end of a request that the framework has never seen. */
    endRequest: (end: RequestEnd) => void
    /** Awaits the end of a request that meets no hooks. */
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
        // This runs in an event of the response, where an error would end the process.
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

/** Ids that a log and a header can hold. */
const acceptable = /^[\w.:-]{1,128}$/

/** The client's own request id, if it is acceptable; otherwise a new one. */
export function requestIdOf ({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && acceptable.test(given) ? given : randomUUID()
}
