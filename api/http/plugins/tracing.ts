/**
 * One trace per request, over OTLP/HTTP: a span for the request, one for each stage of each image, and links to the batches in
 * which they ran. Imported only if there is a collector; nothing else imports OpenTelemetry.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { defaultTextMapGetter, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Link, type Span, type Tracer } from '@opentelemetry/api'
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import type { Batch } from '../../engine/batch-queue.ts'

/** Time limit of the last flush, ms: a collector that does not respond must not delay the end of the process. */
const flushTimeoutMs = 2000

const propagator = new W3CTraceContextPropagator()

export function registerTracing (app: FastifyInstance, { otelExporterOtlpEndpoint, otelServiceName }: Config): void {
  const exporter = new OTLPTraceExporter({ url: `${otelExporterOtlpEndpoint.replace(/\/$/, '')}/v1/traces` })
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': otelServiceName })),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  })
  setGlobalErrorHandler((err) => app.log.warn({ err }, 'spans were not exported'))
  const tracer = provider.getTracer('ghostserve')
  const linkToBatch = batchLinks(tracer)
  const traces = new WeakMap<FastifyRequest, Trace>()

  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.isProbe === true) return
    const path = request.url.split('?', 1)[0]!
    const toEpoch = epochClock()
    const startTime = toEpoch(performance.now() - reply.elapsedTime)
    const span = startRequestSpan(tracer, request, path, startTime)
    traces.set(request, { span, toEpoch })
    const { traceId, spanId, traceFlags } = span.spanContext()
    request.log = request.log.child({ traceId })
    reply.log = request.log
    reply.header('traceresponse', `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`)
  })

  app.onRequestEnd(({ request, status }) => {
    const { span, toEpoch } = request === undefined ? {} : traces.get(request) ?? {}
    if (request === undefined || span === undefined || toEpoch === undefined || !span.isRecording()) return
    const context = trace.setSpan(ROOT_CONTEXT, span)
    for (const { stage, startedAt, endedAt, batch } of request.timeline) {
      const links = batch === undefined ? [] : [linkToBatch(batch, toEpoch)]
      tracer.startSpan(stage, { startTime: toEpoch(startedAt), links }, context).end(toEpoch(endedAt))
    }
    describeOutcome(span, request, status)
    span.end(toEpoch(performance.now()))
  })

  app.addHook('onClose', async () => {
    await Promise.race([provider.shutdown(), sleep(flushTimeoutMs, undefined, { ref: false })])
  })
}

/** Milliseconds since the process began -> since the Unix epoch. */
type ToEpoch = (ms: number) => number

interface Trace { readonly span: Span, readonly toEpoch: ToEpoch }

/** Clock of one request: the system's clock is set now and then, and the spans of a request must fit into each other. */
function epochClock (): ToEpoch {
  const originMs = Date.now() - performance.now()
  return (ms) => originMs + ms
}

function startRequestSpan (tracer: Tracer, request: FastifyRequest, path: string, startTime: number): Span {
  const { headers, method, routeOptions: { url: route }, id } = request
  return tracer.startSpan(route === undefined ? method : `${method} ${route}`, {
    kind: SpanKind.SERVER,
    startTime,
    attributes: {
      'http.request.method': method,
      'url.path': path.slice(0, 200),
      ...(route !== undefined && { 'http.route': route }),
      'ghostserve.request_id': id,
    },
  }, propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter))
}

function describeOutcome (span: Span, { outcome: { code, images } }: FastifyRequest, status: number): void {
  span.setAttribute('http.response.status_code', status)
  if (images !== undefined) span.setAttribute('ghostserve.images', images)
  if (code !== undefined) span.setAttribute('error.type', code)
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
}

/** Links to batches. A batch serves several requests, so it is a trace of its own, made for the first traced request. */
function batchLinks (tracer: Tracer): (batch: Batch, toEpoch: ToEpoch) => Link {
  const links = new WeakMap<Batch, Link>()
  return (batch, toEpoch) => {
    const known = links.get(batch)
    if (known !== undefined) return known
    const attributes = { 'ghostserve.batch_size': batch.size }
    const span = tracer.startSpan('batch', { startTime: toEpoch(batch.startedAt), attributes }, ROOT_CONTEXT)
    span.end(toEpoch(batch.endedAt))
    const link = { context: span.spanContext() }
    links.set(batch, link)
    return link
  }
}
