/** Early admission: rejects a request before its body is read, and lets the client send the body otherwise. */
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../config.ts'
import type { Classifier } from '../../engine/classifier.ts'
import { ServiceError } from '../../errors.ts'
import { bodyLimit } from './request-body.ts'
import { clientOf } from '../client-address.ts'

/** Registers admission for the routes of a scope. */
export function registerAdmission (scope: FastifyInstance, { admission }: Classifier, config: Config): void {
  scope.addHook('onRequest', (request, _reply, done) => {
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding === 'identity') return done(admission.rejection(0, clientOf(request)))
    done(new ServiceError('unsupported_media', `Expected a body without Content-Encoding, got ${JSON.stringify(encoding.slice(0, 100))}.`))
  })

  // By default Node sends 100 Continue unconditionally, and rejects other expectations, which need not be met.
  for (const event of ['checkContinue', 'checkExpectation']) {
    scope.server.on(event, (request, response) => scope.server.emit('request', request, response))
  }
  scope.addHook('preParsing', async ({ headers, raw: { httpVersion } }, reply) => {
    const { expect = '', 'content-type': type = '', 'content-length': length = 0 } = headers
    // HTTP/1.0 has only final responses.
    const waits = httpVersion === '1.1' && expect.toLowerCase() === '100-continue'
    if (waits && Number(length) <= bodyLimit(type, config).maxBytes) reply.raw.writeContinue()
  })
}
