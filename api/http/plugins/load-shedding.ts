/**
 * Load shedding in stages, after the queue's bound. When the main thread falls behind or memory runs short, images and pages are
 * rejected and their connections end, so that a load balancer moves them; close to the limit, the service is not ready.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance, onRequestHookHandler } from 'fastify'
import { residentBytes, residentLimits } from '../../machine/available-memory.ts'
import type { Config } from '../../config.ts'
import { ServiceError } from '../../errors.ts'

const sampleIntervalMs = 1000
const resolutionMs = 10

declare module 'fastify' {
  interface FastifyInstance {
    /** Rejects a request while the service is under pressure. Not for probes and metrics, which have to respond then. */
    readonly shedLoad: onRequestHookHandler
    /** Checks that memory suffices for the service to be ready. @throws `under_pressure` */
    readonly checkMemory: () => void
  }
}

export function registerLoadShedding (app: FastifyInstance, { maxEventLoopDelayMs, maxResidentBytes }: Config): void {
  const limits = residentLimits(maxResidentBytes)
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  let delayMs = 0
  let resident = residentBytes()
  const timer = setInterval(() => {
    resident = residentBytes()
    // The mean of no samples is NaN: the main thread had no turn at all.
    delayMs = Number.isNaN(delays.mean) ? Infinity : delays.mean / 1e6 - resolutionMs
    delays.reset()
  }, sampleIntervalMs)
  timer.unref()
  app.addHook('onClose', (_app, done) => {
    clearInterval(timer)
    delays.disable()
    done()
  })

  app.decorate('shedLoad', (_request, reply, done) => {
    const shortage = delayMs > maxEventLoopDelayMs ? 'time' : resident > limits.soft ? 'memory' : undefined
    if (shortage === undefined) return done()
    reply.header('connection', 'close')
    done(underPressureError(shortage))
  })
  app.decorate('checkMemory', () => {
    if (resident > limits.hard) throw underPressureError('memory')
  })
}

function underPressureError (shortage: 'memory' | 'time'): ServiceError {
  return new ServiceError('under_pressure', `The service is short of ${shortage}; try again later, or on another instance.`)
}
