import type { FastifyInstance } from 'fastify'
import { bodyLimit } from '../body-limit.ts'
import type { Config } from '../../config.ts'

/** Says `100 Continue` to those who wait for it, unless their body is too long by what they say. Node would say it unseen. */
export function registerExpectContinue (scope: FastifyInstance, config: Config): void {
  scope.server.on('checkContinue', (request, response) => scope.server.emit('request', request, response))

  scope.addHook('preParsing', async ({ headers }, reply) => {
    const { expect, 'content-type': type = '', 'content-length': length = 0 } = headers
    if (expect !== undefined && Number(length) <= bodyLimit(type, config).maxBytes) reply.raw.writeContinue()
  })
}
