/**
 * The load itself, run by k6: a closed or open loop of requests to /classify.
 *
 * k6's own arrival rates are evenly spaced, and its latency counts from the sending: neither is what users see. Here each request has
 * an arrival time, drawn beforehand; a free user sleeps until then, and latency counts from it, so that a request which had to wait
 * for a user is not counted as a fast one.
 */
import { sleep } from 'k6'
import { SharedArray } from 'k6/data'
import exec from 'k6/execution'
import http from 'k6/http'
import { Counter, Trend } from 'k6/metrics'
import { latenessBoundMs, percentiles, stages, type Plan, type Stage } from '../plan.ts'

const plan = JSON.parse(open(__ENV['PLAN']!)) as Plan
const { load } = plan
const arrivalsMs = new SharedArray('arrivals', () => load.kind === 'open' ? JSON.parse(open(load.arrivalsPath)) as number[] : [])

// k6 wants every file opened by the first initialisation, whose user is 0; after it each user keeps a few.
const count = plan.bodies.length
const first = __VU * plan.bodiesPerUser % count
const isMine = (i: number): boolean => __VU === 0 || (i + count - first) % count < plan.bodiesPerUser
const bodies = plan.bodies
  .filter((_, i) => isMine(i))
  .map(({ path, contentType, images }) => ({ bytes: open(path, 'b'), contentType, images }))

const latency = new Trend('latency_ms')
const rejectionLatency = new Trend('rejection_latency_ms')
const senderLag = new Trend('sender_lag_ms')
const clock = new Trend('clock_ms')
const sent = new Counter('sent')
const images = new Counter('images')
/** Requests that no user was free for when they were due. */
const lateStarts = new Counter('late_starts')
/** Requests that the service rejected for overload. */
const rejections = new Counter('rejections')
const rejectionsWithRetryAfter = new Counter('rejections_with_retry_after')
const failures = new Counter('failures')
const stageTrends = new Map<string, Trend>(stages.map((stage: Stage) => [stage, new Trend(`stage_${stage}_ms`)]))

/** Longer than the service's own deadline: a request without a response by then is lost. */
const graceSeconds = 30
/** Requests of the warm-up that are on their way when it ends are answered before the load starts. */
const pauseSeconds = plan.warmupSeconds > 0 ? 1 : 0

const measured = load.kind === 'closed'
  ? { executor: 'constant-vus', vus: load.users, duration: `${load.seconds}s`, gracefulStop: `${graceSeconds}s`, exec: 'closedLoop' }
  : {
      executor: 'shared-iterations',
      vus: load.maxUsers,
      iterations: load.requests,
      maxDuration: `${Math.ceil(load.lastArrivalMs / 1000) + graceSeconds}s`,
      exec: 'openLoop',
    }

const warmup = {
  executor: 'constant-vus',
  vus: plan.warmupUsers,
  duration: `${plan.warmupSeconds}s`,
  gracefulStop: `${pauseSeconds}s`,
  exec: 'warmUp',
}

// Thresholds that always hold: they are how k6 is asked to keep the values of a tag apart.
const segmented = ['latency_ms', 'rejections', 'failures', 'images'].flatMap((metric) =>
  plan.segments.map(({ name }) => [`${metric}{segment:${name}}`, [metric === 'latency_ms' ? 'max>=0' : 'count>=0']] as const))

export const options = {
  summaryTrendStats: ['count', 'avg', 'min', 'max', ...percentiles.map((percentile) => `p(${percentile})`)],
  scenarios: { ...(plan.warmupSeconds > 0 && { warmup }), measured: { ...measured, startTime: `${plan.warmupSeconds + pauseSeconds}s` } },
  thresholds: Object.fromEntries(segmented),
}

let turn = 0

function send () {
  const { bytes, contentType, images: expected } = bodies[turn++ % bodies.length]!
  const response = http.post(`${plan.url}/classify`, bytes, { headers: { 'content-type': contentType }, responseType: 'text' })
  return { response, expected }
}

export function warmUp (): void {
  send()
}

export function closedLoop (): void {
  sendAndRecord(Date.now())
}

export function openLoop (): void {
  const index = exec.scenario.iterationInTest
  const arrivesAt = exec.scenario.startTime + arrivalsMs[index]!
  const earlyMs = arrivesAt - Date.now()
  if (earlyMs > 0) sleep(earlyMs / 1000)
  else if (earlyMs < -latenessBoundMs && load.kind === 'open' && index >= load.maxUsers) lateStarts.add(1)
  sendAndRecord(arrivesAt)
}

/** @param arrivedAt - Epoch milliseconds, from which the latency counts. */
function sendAndRecord (arrivedAt: number): void {
  const lagMs = Math.max(0, Date.now() - arrivedAt)
  const tags = { segment: segmentOf(arrivedAt - exec.scenario.startTime) }
  clock.add(arrivedAt)
  senderLag.add(lagMs)
  sent.add(1)
  const { response, expected } = send()
  clock.add(Date.now())
  const { blocked, connecting, duration } = response.timings
  const totalMs = lagMs + blocked + connecting + duration
  const answered = response.status === 200 && typeof response.body === 'string' ? response.body.split('"predictions"').length - 1 : 0
  images.add(answered, { segment: segmentOf(Date.now() - exec.scenario.startTime) })
  if (answered === expected) {
    latency.add(totalMs, tags)
    recordStages(response.headers['Server-Timing'] ?? '')
  } else if (response.status === 503 || response.status === 429) {
    rejections.add(1, tags)
    rejectionLatency.add(totalMs)
    if (response.headers['Retry-After'] !== undefined) rejectionsWithRetryAfter.add(1)
  } else {
    failures.add(1, tags)
  }
}

function recordStages (serverTiming: string): void {
  for (const entry of serverTiming.split(',')) {
    const [name = '', duration] = entry.trim().split(';dur=')
    if (duration !== undefined) stageTrends.get(name)?.add(Number(duration))
  }
}

function segmentOf (elapsedMs: number): string {
  let name = ''
  for (const segment of plan.segments) if (elapsedMs >= segment.fromMs) name = segment.name
  return name
}

export function handleSummary (data: unknown): Record<string, string> {
  return { [__ENV['SUMMARY']!]: JSON.stringify(data) }
}
