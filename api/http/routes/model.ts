/** GET /model */
import type { FastifyInstance } from 'fastify'
import type { Classifier } from '../../engine/classifier.ts'

export function registerModelRoute (app: FastifyInstance, { model, executionProvider, device }: Classifier): void {
  const { manifest, labels, version, layout } = model
  app.get('/model', async () => ({ ...manifest, version, executionProvider, device, layout, labels }))
}
