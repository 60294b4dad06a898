/** GET /model */
import type { FastifyInstance } from 'fastify'
import type { Label } from '../../models/labels.ts'
import type { Manifest } from '../../models/manifest.ts'
import type { Layout } from '../../models/onnx/layout.ts'

export interface ServedModel {
  readonly manifest: Manifest
  readonly labels: readonly Label[]
  /** First 12 hexadecimal digits of the weights' sha256. */
  readonly version: string
  readonly layout: Layout
}

export function registerModelRoute (app: FastifyInstance, { manifest, labels, version, layout }: ServedModel): void {
  app.get('/model', async () => ({ ...manifest, version, executionProvider: 'cpu', layout, labels }))
}
