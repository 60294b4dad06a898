/** GET /metrics: metrics of the service for Prometheus. The pipeline only reports events; this file decides what is counted. */
import { createRequire } from 'node:module'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import Fastify, { type FastifyInstance } from 'fastify'
import type * as PromClient from 'prom-client'
import { residentBytes } from '../../machine/available-memory.ts'
import type { Classifier } from '../../engine/classifier.ts'
import type { Config } from '../../config.ts'
import { errorCodes, type ErrorCode } from '../../errors.ts'
import { Log } from '../../log.ts'
import { probe } from '../route-access.ts'

// Only the parts in use: the package's index also loads OpenTelemetry's API and a quantile sketch, 0.1 s of every start.
const require = createRequire(import.meta.url)
const Registry = require('prom-client/lib/registry.js') as typeof PromClient.Registry
const Counter = require('prom-client/lib/counter.js') as typeof PromClient.Counter
const Gauge = require('prom-client/lib/gauge.js') as typeof PromClient.Gauge
const Histogram = require('prom-client/lib/histogram.js') as typeof PromClient.Histogram

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const batchSizeBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256]
/** Connections of a separate metrics port, which take descriptors as well. */
const maxScrapers = 16
/** Connections that say nothing for so long make room for others. */
const scraperTimeoutMs = 5000
const loopDelayResolutionMs = 20

/** Label of all paths without a route: paths that clients make up must not become series. */
const unmatched = { route: 'unmatched', method: 'any' }

export function registerMetrics (app: FastifyInstance, classifier: Classifier, { host, metricsPort }: Config): void {
  const registry = new Registry()
  countRequests(app, registry)
  countPipeline(classifier, registry)
  describeProcess(app, registry)
  describeStart(app, classifier, registry)

  const exposition = metricsPort === 0
    ? app
    : Fastify({ forceCloseConnections: true, keepAliveTimeout: scraperTimeoutMs, http: { headersTimeout: scraperTimeoutMs } })
  exposition.get('/metrics', { config: probe }, async (_request, reply) => {
    reply.type(registry.contentType)
    return await registry.metrics()
  })
  if (exposition === app) return
  exposition.server.maxConnections = maxScrapers
  app.addHook('onReady', async () => { await exposition.listen({ host, port: metricsPort }) })
  app.addHook('onClose', async () => { await exposition.close() })
}

function countRequests (app: FastifyInstance, registry: PromClient.Registry): void {
  const registers = [registry]
  const duration = new Histogram({
    name: 'ghostserve_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its response.',
    labelNames: ['route', 'method', 'status'],
    buckets: secondsBuckets,
    registers,
  })
  const rejections = new Counter({
    name: 'ghostserve_rejections_total',
    help: 'Images and requests without a classification, by the code of their problem.',
    labelNames: ['code'],
    registers,
  })
  for (const code of errorCodes) rejections.inc({ code }, 0)
  const byKey = new Counter({
    name: 'ghostserve_key_requests_total',
    help: 'Requests by the id of their API key, if keys are needed.',
    labelNames: ['key_id', 'status'],
    registers,
  })

  // Input that is not HTTP never becomes a request.
  registry.registerMetric(new Counter({
    name: 'ghostserve_connections_dropped_total',
    help: 'Connections closed without a response: more than the process has descriptors for, or more than the share of a client.',
    labelNames: ['reason'],
    registers: [],
    collect () {
      this.reset()
      for (const [reason, count] of Object.entries(app.droppedConnections)) this.inc({ reason }, count)
    },
  }))
  app.server.on('connectionRejected', (code: ErrorCode) => rejections.inc({ code }))
  app.onRequestEnd(({ route, method, status, durationMs, outcome }) => {
    duration.observe({ ...route === undefined ? unmatched : { route, method }, status }, durationMs / 1000)
    const { keyId, code, imageCodes = code === undefined ? [] : [code] } = outcome
    if (keyId !== undefined) byKey.inc({ key_id: keyId, status })
    for (const imageCode of imageCodes) rejections.inc({ code: imageCode })
  })
}

function countPipeline (classifier: Classifier, registry: PromClient.Registry): void {
  const registers = [registry]
  const decode = new Histogram({
    name: 'ghostserve_image_decode_seconds',
    help: 'Time per image from its bytes to the pixels that the model sees; if libvips decodes, before the queue, including the wait for its turn.',
    buckets: secondsBuckets,
    registers,
  })
  const queueWait = new Histogram({
    name: 'ghostserve_queue_wait_seconds',
    help: 'Time per image from entering the queue to the start of the run, or of the decoding if the session decodes.',
    buckets: secondsBuckets,
    registers,
  })
  const batchSize = new Histogram({ name: 'ghostserve_batch_size', help: 'Images per batch.', buckets: batchSizeBuckets, registers })
  const run = new Histogram({
    name: 'ghostserve_batch_run_seconds',
    help: 'Time per batch from its pixels to its logits.',
    buckets: secondsBuckets,
    registers,
  })
  const workerDeaths = new Counter({ name: 'ghostserve_worker_deaths_total', help: 'Session workers that ended unexpectedly.', registers })
  classifier.events.on('stage', ({ stage, startedAt, endedAt }) => {
    const seconds = stage === 'decode' ? decode : stage === 'queue' ? queueWait : undefined
    seconds?.observe((endedAt - startedAt) / 1000)
  })
  classifier.events.on('batch', ({ size, startedAt, endedAt, decodedMs }) => {
    batchSize.observe(size)
    run.observe((endedAt - startedAt - decodedMs) / 1000)
  })
  classifier.events.on('workerDeath', () => workerDeaths.inc())

  const gauge = (name: string, help: string, read: () => number): void => addGauge(registry, name, help, read)
  gauge('ghostserve_queue_depth', 'Images that wait for a session.', () => classifier.load.queueDepth)
  gauge('ghostserve_images_in_work', 'Images in flight: admitted and not yet answered.', () => classifier.load.imagesInFlight)
  gauge('ghostserve_decodes_running', 'Images that libvips is decoding, before the queue.', () => classifier.load.decodesRunning)
  gauge('ghostserve_decodes_waiting', 'Images that wait for their turn to be decoded by libvips.', () => classifier.load.decodesWaiting)
  gauge('ghostserve_workers_alive', 'Session workers that serve the queue.', () => classifier.load.workersAlive)

  const { manifest: { name }, version, layout } = classifier.model
  const labels = { name, version, layout, execution_provider: classifier.executionProvider, device: classifier.device }
  const info = new Gauge({ name: 'ghostserve_model_info', help: 'The served model; always 1.', labelNames: Object.keys(labels), registers })
  info.set(labels, 1)
}

function describeProcess (app: FastifyInstance, registry: PromClient.Registry): void {
  addGauge(registry, 'process_resident_memory_bytes', 'Resident memory of the process.', residentBytes)
  addGauge(registry, 'process_start_time_seconds', 'Start of the process, since the Unix epoch.', () => performance.timeOrigin / 1000)
  addGauge(registry, 'ghostserve_heap_used_bytes', 'JavaScript heap in use, on the main thread.', () => getHeapStatistics().used_heap_size)
  registry.registerMetric(new Counter({
    name: 'ghostserve_log_lines_dropped_total',
    help: 'Lines of the log that could not be written to standard output.',
    registers: [],
    collect () {
      this.reset()
      this.inc(Log.droppedLines)
    },
  }))
  registry.registerMetric(new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time of the process.',
    registers: [],
    collect () {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  }))

  const delay = monitorEventLoopDelay({ resolution: loopDelayResolutionMs })
  delay.enable()
  app.addHook('onClose', async () => { delay.disable() })
  registry.registerMetric(new Gauge({
    name: 'ghostserve_event_loop_delay_seconds',
    help: 'Delay of timers of the main thread since the last scrape.',
    labelNames: ['statistic'],
    registers: [],
    collect () {
      const set = (statistic: string, nanoseconds: number): void => {
        // Node measures from timer to timer, and its maximum of no samples is not 0.
        const seconds = delay.count === 0 ? 0 : nanoseconds / 1e9 - loopDelayResolutionMs / 1000
        this.set({ statistic }, Math.max(0, seconds))
      }
      set('p50', delay.percentile(50))
      set('p99', delay.percentile(99))
      set('max', delay.max)
      delay.reset()
    },
  }))
}

/** Seconds from the start of the process to the end of each phase. */
function describeStart (app: FastifyInstance, { startTimes }: Classifier, registry: PromClient.Registry): void {
  let listen: number | undefined
  app.addHook('onListen', async () => { listen = performance.now() })
  registry.registerMetric(new Gauge({
    name: 'ghostserve_startup_seconds',
    help: 'Time from the start of the process until the model was loaded, the port open, the first session and all sessions ready.',
    labelNames: ['phase'],
    registers: [],
    collect () {
      for (const [phase, ms] of Object.entries({ ...startTimes, listen })) if (ms !== undefined) this.set({ phase }, ms / 1000)
    },
  }))
}

function addGauge (registry: PromClient.Registry, name: string, help: string, read: () => number): void {
  registry.registerMetric(new Gauge({ name, help, registers: [], collect () { this.set(read()) } }))
}
