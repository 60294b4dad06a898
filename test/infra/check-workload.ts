/** Numbers of a deployment that have to fit each other, and the service's configuration. */
import assert from 'node:assert/strict'
import { EnvironmentSchema } from '../../api/config.ts'
import { largestUsefulBatch } from '../../api/machine/batch-size.ts'
import { parseTrustProxy } from '../../api/http/trust-proxy.ts'
import type { Workload } from './workload.ts'

/** A first start on a busy node takes this long at most; measured starts are under a second. */
const startSeconds = 60

export function checkWorkload (workload: Workload): void {
  checkEnvironment(workload)
  checkPorts(workload)
  checkProbes(workload)
  checkEnd(workload)
  checkResources(workload)
  checkConcurrency(workload)
}

function checkEnvironment ({ container, config }: Workload): void {
  for (const { name, value } of container.env ?? []) {
    assert.ok(name in EnvironmentSchema.properties, `${name} is a variable of the service`)
    assert.equal(typeof value, 'string', `${name} is quoted`)
  }
  parseTrustProxy(config.trustProxy)
}

function checkPorts ({ container: { ports }, config, hasMetricsPort }: Workload): void {
  const [main, metrics] = ports
  assert.equal(main!.containerPort, config.port)
  if (hasMetricsPort) assert.equal(metrics?.containerPort ?? 0, config.metricsPort)
  else assert.ok(ports.length === 1 && config.metricsPort > 0 && config.metricsPort !== config.port, 'the world does not reach the metrics')
}

function checkProbes (workload: Workload): void {
  const { container: { ports: [main], startupProbe, readinessProbe, livenessProbe }, config } = workload
  const probes = [[startupProbe, '/readyz'], [readinessProbe, '/readyz'], [livenessProbe, '/livez']] as const
  for (const [probe, path] of probes) {
    if (probe === undefined) continue
    const { port = main!.containerPort, path: asked } = probe.httpGet!
    assert.equal(asked, path)
    assert.ok(port === main!.containerPort || port === main!.name, `a probe asks port ${port}`)
  }
  assert.ok(startupProbe.periodSeconds! * startupProbe.failureThreshold! >= startSeconds, 'a slow start is waited for')
  if (!workload.isDrainedByReadiness) return
  const unreadyMs = readinessProbe!.periodSeconds! * readinessProbe!.failureThreshold! * 1000
  assert.ok(unreadyMs < config.drainDelayMs, `not ready is noticed after ${unreadyMs} ms, within the drain delay of ${config.drainDelayMs}`)
}

function checkEnd ({ config, graceSeconds, timeoutSeconds }: Workload): void {
  const { drainDelayMs, requestTimeoutMs, shutdownTimeoutMs } = config
  assert.ok(drainDelayMs + requestTimeoutMs <= shutdownTimeoutMs, 'the last request of the drain delay ends before the service does')
  assert.ok(shutdownTimeoutMs < graceSeconds * 1000, `the service ends by itself, after ${shutdownTimeoutMs} ms of ${graceSeconds} s`)
  if (timeoutSeconds !== undefined) assert.ok(requestTimeoutMs < timeoutSeconds * 1000, 'the service answers before the platform gives up')
}

function checkResources ({ container: { resources: { requests, limits } } }: Workload): void {
  assert.match(limits!['cpu']!, /^[1-9]\d*$/, 'whole cores, which the service counts its sessions by')
  assert.match(limits!['memory']!, /^\d+[MG]i$/)
  if (requests !== undefined) assert.equal(requests['memory'], limits!['memory'], 'memory that is promised is memory that is there')
}

function checkConcurrency ({ concurrency, config: { maxBatchSize, maxQueueSize }, container }: Workload): void {
  if (concurrency === undefined) return
  const { target, hard } = concurrency
  const cores = Number(container.resources.limits!['cpu'])
  if (target !== undefined) checkWorkTarget(target, cores)
  const fullBatch = maxBatchSize === 0 ? largestUsefulBatch : maxBatchSize
  assert.ok(hard >= Math.min(cores, 2) * fullBatch, 'an instance is given enough for full batches')
  assert.ok(hard <= maxQueueSize / 2, 'requests of several images have room, and the platform scales before the service refuses')
}

/** @param target - Images or requests in flight that an autoscaler wants one instance to have: docs/explanation/scaling.md. */
export function checkWorkTarget (target: number, cores: number): void {
  assert.ok(target >= cores, 'every core has work before an instance is added')
  assert.ok(target <= 2 * cores, 'an instance is added before a queue grows, which an open stream of requests makes only when the cores are full')
}
