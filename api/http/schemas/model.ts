import { Type } from 'typebox'
import { LabelsSchema } from '../../../models/manifest/labels.ts'
import { ManifestSchema } from '../../../models/manifest/manifest.ts'
import { layouts } from '../../../models/onnx/layout.ts'

export const ModelSchema = Type.Object({
  ...ManifestSchema.properties,
  version: Type.String({ description: 'Digest of the weights.' }),
  executionProvider: Type.String({ description: 'What runs the graph.' }),
  device: Type.String({ description: 'What the provider runs on.' }),
  layout: Type.Union(layouts.map((layout) => Type.Literal(layout)), { description: 'Layout of the graph.' }),
  labels: LabelsSchema,
})
