/** Descriptions that the routes' schemas lack: purposes, bodies other than JSON, headers, examples. Loaded when first requested. */
import type { ModelDescription } from '../../../models/manifest/manifest.ts'
import type { Config, ImageFormatName } from '../../config.ts'
import { versionLength } from '../../engine/load-model.ts'
import { imageFormats } from '../../images/formats.ts'
import { ModelSchema } from '../schemas/model.ts'
import { classificationProblems, classifyHeadersSchema, type Operation } from './operation.ts'
import { describePlatformOperations } from './platform-operations.ts'
import { requestIdHeader, serverTimingHeader } from './problem-responses.ts'

const shownLabels = 2

/**
 * Operations by method and path.
 *
 * @param model - The model of the examples. Not the served one, which only clients with a key may see.
 */
export function describeOperations ({ manifest, labels }: ModelDescription, config: Config): Record<string, Operation> {
  const image = (description: string) => ({ type: 'string', format: 'binary', description })
  const version = manifest.weights.sha256.slice(0, versionLength)
  const imageTypes = config.imageFormats.split(',').map((format) => imageFormats[format as ImageFormatName].mediaType)
  return {
    ...describePlatformOperations(manifest, version, config),
    'POST /classify': {
      operationId: 'classify',
      summary: 'Classify images',
      description: 'The most probable classes of each image, in the order of the images. An image that cannot be classified has a problem in its ' +
        'place; if none can, the response is the problem of the first, with all of them under `errors`. With `minScore`, an image of something else ' +
        'than the classes is marked: `noneOfThese` is true if no class reaches that score. The format is detected from the first ' +
        'bytes, whatever the name or type says; of several frames the first counts.',
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
      success: {
        description: 'One result per image.',
        headers: { ...requestIdHeader, ...serverTimingHeader },
        example: {
          model: { name: manifest.name, version },
          results: [{ predictions: [{ label: 'espresso', wnid: 'n07920052', classIndex: 193, score: 0.9952144401743884 }] }],
        },
      },
      problems: classificationProblems.filter((code) => code !== 'malformed_json'),
      samples: [
        { lang: 'Shell', label: 'Form', source: 'curl -F image=@one.jpg -F image=@two.png \'localhost:8080/classify?topK=2\'' },
        { lang: 'Shell', label: 'Or none of the classes', source: 'curl -F image=@one.jpg \'localhost:8080/classify?minScore=0.5\'' },
        { lang: 'Shell', label: 'One image', source: 'curl -H \'Content-Type: image/jpeg\' --data-binary @one.jpg localhost:8080/classify' },
        { lang: 'Shell', label: 'With a key', source: 'curl -H "Authorization: Bearer $KEY" -F image=@one.jpg localhost:8080/classify' },
      ],
    },
    'GET /model': {
      operationId: 'describeModel',
      summary: 'Describe the model',
      description: 'The manifest of the served model: what it is, where it comes from, how accurate it is, and its labels by class index.',
      success: {
        description: 'The model.',
        headers: requestIdHeader,
        schema: ModelSchema,
        example: { ...manifest, version, executionProvider: 'cpu', device: 'AMD EPYC', layout: 'plain', labels: labels.slice(0, shownLabels) },
      },
      problems: [],
    },
    'GET /livez': {
      operationId: 'checkLiveness',
      summary: 'Liveness',
      description: 'The process responds. Says nothing about the model.',
      success: { description: 'Alive.', headers: requestIdHeader, example: { status: 'alive' } },
      problems: [],
    },
    'GET /readyz': {
      operationId: 'checkReadiness',
      summary: 'Readiness',
      description: 'The model is loaded and gave its recorded logits for the self-test image.',
      success: { description: 'Ready.', headers: requestIdHeader, example: { status: 'ready' } },
      problems: ['not_ready', 'shutting_down'],
    },
  }
}
