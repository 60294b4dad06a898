/** GET /model */
import type { FastifyInstance } from 'fastify'
import type { LoadedModel } from '../load-model.ts'

export function registerModelRoute (app: FastifyInstance, { manifest, labels, version, layout }: LoadedModel): void {
  app.get('/model', async () => ({ ...manifest, version, executionProvider: 'cpu', layout, labels }))
}
