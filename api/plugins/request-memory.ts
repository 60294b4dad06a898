/** Bounds the bytes of all bodies in work: each is counted as it arrives and given back when its request is over. */
import { Transform } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../errors.ts'
import type { MemoryBudget, Release } from '../pipeline/memory-budget.ts'

/** For the routes of a scope. A body that arrives slowly holds no more than what has come of it. */
export function registerRequestMemory (scope: FastifyInstance, budget: MemoryBudget): void {
  scope.addHook('preParsing', async (_request, reply, payload) => {
    const releases: Release[] = []
    reply.raw.once('close', () => releases.forEach((release) => release()))
    const counted = new Transform({
      transform (chunk: Buffer, _encoding, done) {
        const release = budget.tryTake(chunk.length)
        if (release === undefined) {
          done(new ServiceError('memory_exhausted', `Expected room for the request among ${budget.totalBytes} bytes of bodies in work; try again later.`))
          return
        }
        releases.push(release)
        done(null, chunk)
      },
    })
    payload.once('error', (error) => counted.destroy(error)) // the client is gone
    payload.once('close', () => { if (!payload.readableEnded) counted.destroy(new Error('The body was cut off.')) })
    return payload.pipe(counted)
  })
}
