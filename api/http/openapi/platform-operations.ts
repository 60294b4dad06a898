/** Operations of the platforms: the same pipeline, limits and problems as POST /classify, in the terms of each platform. */
import { Type, type TSchema } from 'typebox'
import type { Manifest } from '../../../models/manifest/manifest.ts'
import type { Config, ImageFormatName } from '../../config.ts'
import type { ErrorCode } from '../../errors.ts'
import { modelMetadata, serverMetadata } from '../platforms/open-inference/metadata.ts'
import { imageFormats } from '../../images/formats.ts'
import { escapeColons } from '../platforms/vertex.ts'
import { InferResponseSchema, inferRequestSchema, ModelMetadataSchema, ServerMetadataSchema } from '../platforms/open-inference/schema.ts'
import { instancesSchema, PredictionsSchema } from '../platforms/instances.ts'
import { classificationProblems, classifyHeadersSchema, type Operation } from './operation.ts'
import { requestIdHeader, serverTimingHeader } from './problem-responses.ts'

const readiness: readonly ErrorCode[] = ['not_ready', 'shutting_down']
const jsonProblems: readonly ErrorCode[] = classificationProblems.filter((code) => code !== 'malformed_multipart')
const withNotFound = (problems: readonly ErrorCode[]): ErrorCode[] => [...problems, 'not_found']

/** A PNG of one pixel, in base64. */
const onePixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='

/** Operations by method and path. */
export function describePlatformOperations (manifest: Manifest, version: string, config: Config): Record<string, Operation> {
  const { name, classes, preprocessing: { cropSize } } = manifest
  const image = onePixel
  const responseHeaders = { ...requestIdHeader, ...serverTimingHeader }

  const get = (
    operationId: string, summary: string, description: string, schema: TSchema, example: unknown, problems: readonly ErrorCode[]
  ): Operation => ({ operationId, summary, description, success: { description: `${summary}.`, headers: requestIdHeader, schema, example }, problems })

  const predict = (operationId: string, platform: string, problems: readonly ErrorCode[]): Operation => ({
    operationId,
    summary: `Classify images (${platform})`,
    description: `At most ${config.maxImages} images in base64 and ${config.maxRequestBytes} bytes of JSON, whatever the Content-Type. ` +
      'An image that cannot be classified has a problem in its place.',
    headers: classifyHeadersSchema,
    body: { 'application/json': { schema: instancesSchema(classes, { minItems: 1, maxItems: config.maxImages }), example: { instances: [{ b64: image }], parameters: { topK: 1 } } } },
    success: {
      description: 'One prediction per instance.',
      headers: responseHeaders,
      example: { predictions: [{ predictions: [{ label: 'espresso', wnid: 'n07920052', classIndex: 193, score: 0.9952144401743884 }] }] },
      schema: PredictionsSchema,
    },
    problems,
  })

  const infer = (operationId: string): Operation => ({
    operationId,
    summary: 'Infer (Open Inference Protocol)',
    description: `One input: \`images\` (\`BYTES\`, encoded images), or \`pixels\` (\`UINT8\`, [N, ${cropSize}, ${cropSize}, 3], preprocessed by the client), in JSON or, ` +
      'with the binary tensor extension, behind it. Outputs are `scores` and `logits`, each as strings of the classification extension if requested. ' +
      'If one image fails, its problem is the response.',
    headers: Type.Object({
      ...classifyHeadersSchema.properties,
      'inference-header-content-length': Type.Optional(Type.Integer({ minimum: 0, description: 'Bytes of JSON before binary tensors.' })),
    }),
    body: {
      'application/json': {
        schema: inferRequestSchema(classes),
        example: { inputs: [{ name: 'images', datatype: 'BYTES', shape: [1], data: [image] }], outputs: [{ name: 'scores', parameters: { classification: 1 } }] },
      },
      'application/octet-stream': { schema: { type: 'string', format: 'binary', description: 'JSON, and binary tensors behind it.' } },
    },
    success: {
      description: 'One row per image.',
      headers: {
        ...responseHeaders,
        'inference-header-content-length': { type: 'integer', description: 'Bytes of JSON before binary tensors, if there are any.' },
      },
      example: { model_name: name, model_version: version, outputs: [{ name: 'scores', datatype: 'BYTES', shape: [1, 1], data: ['0.995214:193:espresso'] }] },
      schema: InferResponseSchema,
    },
    otherResponses: { 'application/octet-stream': { schema: { type: 'string', format: 'binary', description: 'JSON, and binary tensors behind it.' } } },
    problems: withNotFound(jsonProblems),
  })

  const readySchema = Type.Object({ name: Type.String(), ready: Type.Boolean() })
  const modelReady = (operationId: string): Operation =>
    get(operationId, 'Readiness of the model', 'Same as `/readyz`, for the model of that name.', readySchema, { name, ready: true }, withNotFound(readiness))
  const describe = (operationId: string): Operation =>
    get(operationId, 'Metadata of the model', 'Its inputs, of which a request has one, and its outputs.', ModelMetadataSchema,
      modelMetadata(name, version, manifest), withNotFound([]))
  const imageTypes = [...config.imageFormats.split(',').map((format) => imageFormats[format as ImageFormatName].mediaType), 'application/x-image']
  const { body: json, ...invoke } = predict('sageMakerInvoke', 'SageMaker', jsonProblems)

  return {
    'GET /v1/models': get('kserveModels', 'Names of models (KServe)', 'There is one.', Type.Object({ models: Type.Array(Type.String()) }), { models: [name] }, []),
    'GET /v1/models/:name': modelReady('kserveModelReady'),
    'POST /v1/models/:name(^[^:/]+)::predict': predict('kservePredict', 'KServe, version 1', withNotFound(jsonProblems)),
    'GET /v2': get('inferenceServer', 'Metadata of the server', 'Name, version and extensions of the protocol.', ServerMetadataSchema,
      serverMetadata, []),
    'GET /v2/health/live': get('inferenceLive', 'Liveness (Open Inference Protocol)', 'Same as `/livez`.', Type.Object({ live: Type.Boolean() }), { live: true }, []),
    'GET /v2/health/ready': get('inferenceReady', 'Readiness (Open Inference Protocol)', 'Same as `/readyz`.', Type.Object({ ready: Type.Boolean() }), { ready: true }, readiness),
    'GET /v2/models/:name': describe('inferenceModel'),
    'GET /v2/models/:name/versions/:version': describe('inferenceModelVersion'),
    'GET /v2/models/:name/ready': modelReady('inferenceModelReady'),
    'GET /v2/models/:name/versions/:version/ready': modelReady('inferenceModelVersionReady'),
    'POST /v2/models/:name/infer': infer('infer'),
    'POST /v2/models/:name/versions/:version/infer': infer('inferVersion'),
    'GET /ping': get('sageMakerPing', 'Readiness (SageMaker)', 'Same as `/readyz`.', Type.Object({}), {}, readiness),
    'POST /invocations': {
      ...invoke,
      description: `One image as the body, at most ${config.maxImageBytes} bytes; or JSON, as other platforms send it.`,
      body: { ...json, ...Object.fromEntries(imageTypes.map((type) => [type, { schema: { type: 'string', format: 'binary' } }])) },
    },
    [`GET ${escapeColons(config.aipHealthRoute)}`]: get('vertexHealth', 'Readiness (Vertex AI)', 'Same as `/readyz`.', Type.Object({}), {}, readiness),
    [`POST ${escapeColons(config.aipPredictRoute)}`]: predict('vertexPredict', 'Vertex AI', jsonProblems),
  }
}
