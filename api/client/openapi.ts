/** Responses of the service as in its OpenAPI document: written by hand, compared with the schemas by test/api/client/openapi.test.ts. */

export interface Prediction { label: string, wnid: string | null, classIndex: number, score: number }

interface ImageProblem { type: string, title: string, status: number, code: string, detail: string, requestId: string }

/** A problem of RFC 9457. `errors` has one per image, if no image of a request could be classified. */
export interface Problem extends ImageProblem { errors?: ImageProblem[] }

/** Result of an image: either `predictions` or `error`; `noneOfThese` only if `minScore` is given. */
export interface Result { predictions?: Prediction[], noneOfThese?: boolean, error?: ImageProblem }

export interface ClassifyResponse { model: { name: string, version: string }, results: Result[] }

export interface Model {
  name: string
  description?: string
  architecture: 'ghostnet'
  width: number
  classes: number
  parameters: number
  /** Multiply-accumulates per image. */
  macs: number
  preprocessing: {
    cropSize: number, cropPct: number, interpolation: 'bilinear' | 'bicubic', resizer?: 'pillow' | 'opencv', mean: number[], std: number[]
  }
  temperature?: number
  weights: { dtype: 'float32' | 'float16', sha256: string }
  selfTest: { topLogits: Array<{ classIndex: number, logit: number }> }
  provenance: {
    checkpoint: string, checkpointSha256: string, checkpointFormat: string, source?: string, license?: string, training?: string
  }
  /** Accuracy in percent. */
  accuracy: Array<{ dataset: string, top1: number, top5: number, measuredBy: string }>
  version: string
  executionProvider: string
  device: string
  layout: 'plain' | 'plain-fp16' | 'blocked8' | 'blocked16'
  labels: Array<{ label: string, wnid?: string }>
}

export type ProblemCode = 'corrupt_image' | 'deadline_exceeded' | 'decode_timeout' | 'empty_body' | 'headers_too_large' | 'image_too_large' |
  'inference_failed' | 'internal_error' | 'invalid_request' | 'malformed_json' | 'malformed_multipart' | 'memory_exhausted' | 'not_found' |
  'not_ready' | 'queue_full' | 'request_timeout' | 'request_too_large' | 'shutting_down' | 'too_many_images' | 'too_many_pixels' |
  'too_many_requests' | 'unauthorized' | 'under_pressure' | 'unsupported_media'
