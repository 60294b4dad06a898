/** GET /livez, GET /readyz */
import type { FastifyInstance } from 'fastify'
import type { Classifier } from '../classifier.ts'
import { ServiceError } from '../errors.ts'

export function registerHealthRoutes (app: FastifyInstance, classifier: Classifier): void {
  // The process answers: nothing about the model, or a slow start would be restarted for ever.
  app.get('/livez', async () => ({ status: 'alive' }))

  app.get('/readyz', async () => {
    if (app.isDraining) throw new ServiceError('shutting_down', 'The service is shutting down; try again on another instance.')
    if (!classifier.isReady) throw new ServiceError('not_ready', 'The model is not loaded yet; try again in a moment.')
    return { status: 'ready' }
  })
}
