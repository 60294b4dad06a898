import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'

/** Says `100 Continue` to those who wait for it, unless their body is too long by what they say. Node would say it unseen. */
export function registerExpectContinue (scope: FastifyInstance, { maxRequestBytes, maxImageBytes }: Config): void {
  scope.server.on('checkContinue', (request, response) => scope.server.emit('request', request, response))

  scope.addHook('preParsing', async ({ headers }, reply) => {
    const { expect, 'content-type': type = '', 'content-length': length = 0 } = headers
    const limit = /^multipart\//i.test(type) ? maxRequestBytes : maxImageBytes
    if (expect !== undefined && Number(length) <= limit) reply.raw.writeContinue()
  })
}
