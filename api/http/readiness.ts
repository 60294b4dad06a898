import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../errors.ts'
import type { ClassificationService } from './classify-request.ts'

/** Checks that the service is ready for requests. @throws `shutting_down`, `not_ready` or `under_pressure` */
export function checkReadiness (app: FastifyInstance, { classifier }: ClassificationService): void {
  if (app.isDraining) throw new ServiceError('shutting_down', 'The service is shutting down; try again on another instance.')
  if (!classifier.isReady) throw new ServiceError('not_ready', 'The model is not loaded yet; try again in a moment.')
  app.checkMemory()
}
