/** Gives each request the reader of its body, whose bytes count among those of all bodies in flight until the response is out. */
import type { FastifyInstance } from 'fastify'
import { BodyReader } from '../body-reader.ts'
import type { MemoryBudget } from '../../images/memory-budget.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined outside of the routes that read bodies, and before their `preParsing` hooks. */
    bodyReader: BodyReader
  }
}

/** For the routes of a scope. */
export function registerRequestBody (scope: FastifyInstance, budget: MemoryBudget): void {
  scope.decorateRequest('bodyReader', undefined as unknown as BodyReader)
  scope.addHook('preParsing', (request, reply, payload, done) => {
    const reader = new BodyReader(payload, Number(request.headers['content-length']), budget)
    request.bodyReader = reader
    scope.bodyReaders.add(reader)
    reply.raw.once('close', () => {
      scope.bodyReaders.delete(reader)
      reader.release()
    })
    done(null, payload)
  })
}
