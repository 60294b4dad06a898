/**
 * Sheds load in stages, the first of which is the queue's bound. When the main thread falls behind or memory runs short, images are
 * refused and their connections end, so that a load balancer takes them elsewhere; close to the limit, the service is not ready.
 */
import underPressure, { TYPE_RSS_BYTES } from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import { residentLimits } from '../available-memory.ts'
import type { Config } from '../config.ts'
import { ServiceError } from '../errors.ts'

const sampleIntervalMs = 1000

/** For the routes of a scope. Await it before the scope's other hooks. */
export async function registerLoadShedding (scope: FastifyInstance, { maxEventLoopDelayMs, maxResidentBytes }: Config): Promise<void> {
  await scope.register(underPressure, {
    maxEventLoopDelay: maxEventLoopDelayMs,
    maxRssBytes: residentLimits(maxResidentBytes).soft,
    sampleInterval: sampleIntervalMs,
    pressureHandler: async (_request, reply, type) => {
      reply.header('connection', 'close')
      throw underPressureError(type === TYPE_RSS_BYTES ? 'memory' : 'time')
    },
  })
}

export function underPressureError (what: 'memory' | 'time'): ServiceError {
  return new ServiceError('under_pressure', `The service is short of ${what}; try again later, or on another instance.`)
}
