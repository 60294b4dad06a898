/** `instances` -> `predictions`: the JSON of TensorFlow Serving, which KServe (version 1), Vertex AI and SageMaker adopted. */
import { Type, type Static } from 'typebox'
import { ServiceError } from '../../errors.ts'
import { checkImageCount, readBase64 } from './json-images.ts'
import { readJson } from './read-json.ts'
import type { Upload } from '../../images/upload.ts'
import type { Selection } from '../../engine/postprocess.ts'
import { defaultTopK, MinScoreSchema, ResultSchema, topKSchema } from '../schemas/classification.ts'

/** Schema of the body. @param bounds - Bounds of the number of images; left out if exceeding them has its own problem. */
export const instancesSchema = (classes: number, bounds: { minItems?: number, maxItems?: number } = {}) => Type.Object({
  instances: Type.Array(Type.Object({
    b64: Type.String({ description: 'An encoded image in base64.', format: 'byte' }),
  }), bounds),
  parameters: Type.Optional(Type.Object({ topK: Type.Optional(topKSchema(classes)), minScore: MinScoreSchema })),
})

export const PredictionsSchema = Type.Object({
  predictions: Type.Array(ResultSchema, { description: 'One result per instance, in order: its predictions, or its problem.' }),
})

export interface InstancesLimits { readonly maxImages: number, readonly maxImageBytes: number }

/**
 * Reads the images of a JSON body and its selection of classes.
 *
 * @throws `empty_body`, `malformed_json`, `invalid_request` or, before any image is decoded, `too_many_images`.
 */
export function readInstances (
  body: Buffer | undefined, classes: number, { maxImages, maxImageBytes }: InstancesLimits
): { uploads: Upload[], selection: Selection } {
  if (body === undefined) throw new ServiceError('empty_body', 'Expected JSON with instances, got no body.')
  const { instances, parameters } = readJson<Static<ReturnType<typeof instancesSchema>>>(body, instancesSchema(classes))
  checkImageCount(instances.length, maxImages)
  return {
    uploads: instances.map(({ b64 }) => readBase64(b64, maxImageBytes)),
    selection: { topK: defaultTopK(classes), ...parameters },
  }
}
