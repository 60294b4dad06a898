/** Rejections and failures of an operation as OpenAPI responses: one per status, with an example for each code. */
import { ServiceError, type ErrorCode } from '../../errors.ts'
import { toProblem } from '../schemas/problem.ts'

/** Example details of each code. */
const details: Record<ErrorCode, string> = {
  empty_body: 'Expected an image, got no body.',
  invalid_request: 'Expected the query parameter topK to be >= 1, got "0".',
  malformed_json: 'Expected a complete JSON text in UTF-8, got one that is damaged or cut off.',
  malformed_multipart: 'Expected multipart/form-data up to its final boundary, got one that is damaged or cut off.',
  unauthorized: 'Expected an API key in Authorization: Bearer or in x-api-key, got none.',
  not_found: 'There is no GET /nothing.',
  method_not_allowed: 'Expected POST for /classify, got GET.',
  request_timeout: 'Expected the whole request in time, but it did not arrive.',
  image_too_large: 'Expected an image of at most 10485760 bytes, got more.',
  request_too_large: 'Expected a body of at most 33554432 bytes, got more.',
  too_many_images: 'Expected at most 16 images per request, got more.',
  unsupported_media: 'Expected a JPEG, PNG or WebP image, got bytes that start like none of them.',
  corrupt_image: 'Expected a complete PNG image, got one that is damaged or cut off.',
  too_many_pixels: 'Expected an image of at most 12000 pixels per side, got 30000 x 1.',
  decode_timeout: 'Expected an image that decodes within 5 s.',
  too_many_requests: 'Expected at most 64 images in flight per client, got 16 more than 60.',
  headers_too_large: 'Expected at most 16384 bytes of headers, got more.',
  client_gone: 'The client closed the connection.',
  internal_error: 'Something went wrong on our side; the request id finds it in the log.',
  inference_failed: 'The model stopped while it ran this image; try again.',
  memory_exhausted: 'Expected room for the request among 268435456 bytes of bodies in flight; try again later.',
  not_ready: 'The model is not loaded yet; try again in a moment.',
  under_pressure: 'The service is short of memory; try again later, or on another instance.',
  queue_full: 'The service is at its limit of 128 images in flight; try again later.',
  shutting_down: 'The service is shutting down; try again on another instance.',
  deadline_exceeded: 'Expected to respond within 10000 ms, but the image was still waiting.',
}

const requestId = '0b4b7f4e-5a0c-4b6e-9d0e-3f3c1f2a7c11'

export const requestIdHeader = { 'x-request-id': { type: 'string', description: 'Finds the request in the log.' } } as const

export const serverTimingHeader = {
  'server-timing': {
    type: 'string',
    description: 'Milliseconds of each stage; of several images, the slowest.',
    examples: ['read;dur=1.2, decode;dur=6.1, queue;dur=0.3, run;dur=7.9, post;dur=0.1'],
  },
} as const

const statusHeaders: Record<number, object> = {
  401: { 'www-authenticate': { type: 'string', description: 'How to send a key.' } },
  429: { 'retry-after': { type: 'integer', minimum: 1, description: 'Seconds after which to try again.' } },
  503: { 'retry-after': { type: 'integer', minimum: 1, description: 'Seconds after which to try again.' } },
}

/** Responses in the form of @fastify/swagger, which takes headers as bare schemas next to the content. */
export function describeProblems (codes: readonly ErrorCode[]): Record<string, object> {
  const examples = codes.map((code) => toProblem(new ServiceError(code, details[code]), requestId))
  const statuses = [...new Set(examples.map(({ status }) => status))].sort((one, other) => one - other)
  return Object.fromEntries(statuses.map((status) => {
    const statusExamples = examples.filter((example) => example.status === status)
    return [String(status), {
      description: `${statusExamples.map(({ title, code }) => `${title} (\`${code}\`)`).join('; ')}.`,
      headers: { ...requestIdHeader, ...statusHeaders[status] },
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: Object.fromEntries(statusExamples.map((example) => [example.code, { summary: example.title, value: example }])),
        },
      },
    }]
  }))
}
