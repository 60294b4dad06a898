import type { FastifyInstance } from 'fastify'
import { bodyLimit } from '../body-limit.ts'
import type { Config } from '../../config.ts'

/**
 * Says `100 Continue` to those who wait for it, unless their body is too long by what they say. Node would say it unseen, and refuse unseen
 * whoever expects something else, which need not be met.
 */
export function registerExpectContinue (scope: FastifyInstance, config: Config): void {
  for (const event of ['checkContinue', 'checkExpectation']) {
    scope.server.on(event, (request, response) => scope.server.emit('request', request, response))
  }

  scope.addHook('preParsing', async ({ headers, raw: { httpVersion } }, reply) => {
    const { expect = '', 'content-type': type = '', 'content-length': length = 0 } = headers
    // HTTP/1.0 knows one response to a request.
    const waits = httpVersion === '1.1' && expect.toLowerCase() === '100-continue'
    if (waits && Number(length) <= bodyLimit(type, config).maxBytes) reply.raw.writeContinue()
  })
}
