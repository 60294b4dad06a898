/** Before a body is read: what will be refused anyway costs nothing. */
import type { FastifyInstance } from 'fastify'
import type { Classifier } from '../../engine/classifier.ts'
import { clientOf } from '../client-address.ts'
import { ServiceError } from '../../errors.ts'

export function registerAdmission (scope: FastifyInstance, classifier: Classifier): void {
  scope.addHook('onRequest', (request, _reply, done) => {
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding === 'identity') return done(classifier.admission.rejection(0, clientOf(request)))
    done(new ServiceError('unsupported_media', `Expected a body without Content-Encoding, got ${JSON.stringify(encoding.slice(0, 100))}.`))
  })
}
