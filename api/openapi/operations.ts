/** What the schemas of routes do not say: purposes, bodies that are no JSON, headers, examples. Loaded with the first request for it. */
import { Type, type TSchema } from 'typebox'
import type { ModelDescription } from '../../models/manifest.ts'
import type { Config } from '../config.ts'
import { errorCodes, type ErrorCode } from '../errors.ts'
import { versionLength } from '../load-model.ts'
import { imageFormats, type ImageFormatName } from '../pipeline/image-formats.ts'
import { openPaths } from '../plugins/api-keys.ts'
import { ModelSchema } from '../schemas/model.ts'
import { requestIdHeader } from './problem-responses.ts'

export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly headers?: TSchema
  /** Media types and their schemas. */
  readonly body?: Readonly<Record<string, object>>
  readonly answer: {
    readonly description: string
    readonly headers: Readonly<Record<string, object>>
    /** Where the route has no schema of its answer. */
    readonly schema?: TSchema
    readonly example: unknown
  }
  /** Beside those that every operation has. */
  readonly problems: readonly ErrorCode[]
  readonly samples?: ReadonlyArray<{ readonly lang: string, readonly label: string, readonly source: string }>
}

/** An answer to a request for another path, another method, or to nobody. */
const foreignProblems: ReadonlySet<ErrorCode> = new Set(['not_found', 'method_not_allowed', 'client_gone', 'not_ready'])

const classifyHeadersSchema = Type.Object({
  'x-request-timeout-ms': Type.Optional(Type.Integer({ minimum: 1, maximum: 999_999_999, description: 'An earlier deadline than the service\'s own.' })),
})

const shownLabels = 2

/**
 * By method and path.
 *
 * @param model - The model of the examples. Not the one that is served: that is for those who have a key.
 */
export function describeOperations ({ manifest, labels }: ModelDescription, config: Config): Record<string, Operation> {
  const image = (description: string) => ({ type: 'string', format: 'binary', description })
  const version = manifest.weights.sha256.slice(0, versionLength)
  const imageTypes = config.imageFormats.split(',').map((format) => imageFormats[format as ImageFormatName].mediaType)
  return {
    'POST /classify': {
      operationId: 'classify',
      summary: 'Classify images',
      description: 'The most probable classes of each image, in the order of the images. An image that cannot be classified has a problem in its ' +
        'place; if none can, the answer is the first one\'s problem, with all of them under `errors`. An image is recognised by its first ' +
        'bytes, whatever its name or type says; of several frames the first counts.',
      headers: classifyHeadersSchema,
      body: {
        'multipart/form-data': {
          schema: {
            type: 'object',
            required: ['image'],
            properties: {
              image: {
                type: 'array',
                minItems: 1,
                maxItems: config.maxImages,
                items: image(`At most ${config.maxImageBytes} bytes.`),
                description: `File parts; any field name will do. At most ${config.maxRequestBytes} bytes for the whole form.`,
              },
            },
          },
          encoding: { image: { contentType: imageTypes.join(', ') } },
        },
        ...Object.fromEntries(imageTypes.map((type) => [type, { schema: image(`One image, at most ${config.maxImageBytes} bytes.`) }])),
      },
      answer: {
        description: 'One result an image.',
        headers: {
          ...requestIdHeader,
          'server-timing': {
            type: 'string',
            description: 'Milliseconds of each stage; of several images, the slowest.',
            examples: ['read;dur=1.2, decode;dur=6.1, queue;dur=0.3, run;dur=7.9, post;dur=0.1'],
          },
        },
        example: {
          model: { name: manifest.name, version },
          results: [{ predictions: [{ label: 'espresso', wnid: 'n07920052', classIndex: 193, score: 0.944621735480175 }] }],
        },
      },
      problems: errorCodes.filter((code) => !foreignProblems.has(code)),
      samples: [
        { lang: 'Shell', label: 'Form', source: 'curl -F image=@one.jpg -F image=@two.png \'localhost:8080/classify?topK=2\'' },
        { lang: 'Shell', label: 'One image', source: 'curl -H \'Content-Type: image/jpeg\' --data-binary @one.jpg localhost:8080/classify' },
        { lang: 'Shell', label: 'With a key', source: 'curl -H "Authorization: Bearer $KEY" -F image=@one.jpg localhost:8080/classify' },
      ],
    },
    'GET /model': {
      operationId: 'describeModel',
      summary: 'Describe the model',
      description: 'The manifest of the model that is served: what it is, where it comes from, how accurate it is, and its labels by class index.',
      answer: {
        description: 'The model.',
        headers: requestIdHeader,
        schema: ModelSchema,
        example: { ...manifest, version, executionProvider: 'cpu', layout: 'plain', labels: labels.slice(0, shownLabels) },
      },
      problems: [],
    },
    'GET /livez': {
      operationId: 'checkLiveness',
      summary: 'Liveness',
      description: 'The process answers. Says nothing about the model.',
      answer: { description: 'Alive.', headers: requestIdHeader, example: { status: 'alive' } },
      problems: [],
    },
    'GET /readyz': {
      operationId: 'checkReadiness',
      summary: 'Readiness',
      description: 'The model is loaded and gave its recorded answer to the self-test image.',
      answer: { description: 'Ready.', headers: requestIdHeader, example: { status: 'ready' } },
      problems: ['not_ready', 'shutting_down'],
    },
  }
}

const commonProblems: ReadonlySet<ErrorCode> = new Set(['invalid_request', 'request_timeout', 'headers_too_large', 'internal_error'])

/** Those of `operation`, and those that any can have. */
export function problemsOf (path: string, { problems }: Operation): ErrorCode[] {
  return errorCodes.filter((code) => problems.includes(code) || commonProblems.has(code) || (code === 'unauthorized' && !openPaths.has(path)))
}
