/** Metadata of the server and of a model in the Open Inference Protocol. */
import type { Static } from 'typebox'
import type { Manifest } from '../../../../models/manifest/manifest.ts'
import { packageVersion } from '../../../../models/package-root.ts'
import { inputNames, outputNames, type ModelMetadataSchema, type ServerMetadataSchema } from './schema.ts'

export const serverMetadata: Static<typeof ServerMetadataSchema> = {
  name: 'ghostserve',
  version: packageVersion,
  extensions: ['classification', 'binary_tensor_data'],
}

/** Metadata of the model. @param name - Name under which the model is served. */
export function modelMetadata (name: string, version: string, manifest: Manifest): Static<typeof ModelMetadataSchema> {
  const { classes, preprocessing: { cropSize } } = manifest
  return {
    name,
    versions: [version],
    platform: 'onnxruntime_onnx', // Triton's name for it
    inputs: [
      { name: inputNames.images, datatype: 'BYTES', shape: [-1] },
      { name: inputNames.pixels, datatype: 'UINT8', shape: [-1, cropSize, cropSize, 3] },
    ],
    outputs: outputNames.map((output) => ({ name: output, datatype: 'FP32', shape: [-1, classes] })),
  }
}
