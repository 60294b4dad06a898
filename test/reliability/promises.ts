/** Reliability targets, each with its bound, measured by the file of its name. */

/** Bound of a target; an environment variable widens it on a shared machine. */
function bound (variable: string, promised: number): number {
  return Number(process.env[variable] ?? promised)
}

export const bounds = {
  goodputPercent: bound('GOODPUT_PERCENT', 90),
  rejectionMs: bound('REJECTION_MS', 50),
  recoveryFactor: bound('RECOVERY_FACTOR', 2),
  recoverySeconds: bound('RECOVERY_SECONDS', 5),
  drainSeconds: bound('DRAIN_SECONDS', 8),
  replacementSeconds: bound('REPLACEMENT_SECONDS', 1),
  slowClientsFactor: bound('SLOW_CLIENTS_FACTOR', 2),
  livezMs: bound('LIVEZ_BOUND_MS', 50),
  growthMiB: bound('GROWTH_MIB', 32),
  growthPercent: bound('GROWTH_PERCENT', 5),
}

export interface Promised {
  readonly promise: string
  readonly bound: string
}

export const promises = {
  overload: {
    promise: '10 times the requests of its capacity: goodput stays close to the capacity, within the deadline, and the rest is rejected at once',
    bound: `goodput >= ${bounds.goodputPercent} % of capacity, responses within the deadline, rejections p99 < ${bounds.rejectionMs} ms with Retry-After, nothing reset or hung, queue within its bound`,
  },
  recovery: {
    promise: 'after that burst, latency is soon what it was before',
    bound: `p99 within ${bounds.recoveryFactor}x of before, ${bounds.recoverySeconds} s after the burst`,
  },
  drain: {
    promise: 'SIGTERM under load: every request on a connection whose end was not announced gets its response',
    bound: `0 failed requests, 0 refused connections in the drain delay, exit 0 within ${bounds.drainSeconds} s; a second SIGTERM ends at once`,
  },
  'rolling-restart': {
    promise: 'two instances behind nginx, restarted one after the other under load: no client notices',
    bound: '0 errors',
  },
  'instance-death': {
    promise: 'one of two instances behind nginx is killed (SIGKILL): only what it had in flight is lost',
    bound: 'failures <= requests in flight there; none of the later ones fails',
  },
  'worker-death': {
    promise: 'a session worker that dies takes its own batch with it (503, retryable) and nothing else; one that fails 3 times in a row is replaced; a bad image fails alone',
    bound: `replaced within ${bounds.replacementSeconds} s`,
  },
  'memory-cap': {
    promise: 'with 512 MB of memory, images made to exhaust it end no process, and good ones get responses meanwhile',
    bound: '0 OOM kills; good photos get 200 or 503',
  },
  'flat-memory': {
    promise: 'memory stays flat over 20,000 requests, hostile ones among them',
    bound: `resident memory over 20,000 requests after the first 15,000: below ${bounds.growthMiB} MiB or ${bounds.growthPercent} % more`,
  },
  fairness: {
    promise: 'a client with 95 % of the load takes no response from another, nor does one that disconnects and sends again and again',
    bound: '0 rejections of the other client',
  },
  'slow-clients': {
    promise: '500 connections that send byte by byte slow down no other client',
    bound: `p99 of a good client within ${bounds.slowClientsFactor}x of before`,
  },
  'event-loop': {
    promise: '16 users at once: none fails, batches form by themselves, and probes are answered while all cores work',
    bound: `0 failures, /livez p99.9 < ${bounds.livezMs} ms`,
  },
} as const satisfies Readonly<Record<string, Promised>>

export type PromiseName = keyof typeof promises
export const promiseNames = Object.keys(promises) as PromiseName[]
