/** Requests that are rejected, one for each code, kind of body and length of body that can bring the code about. */
import type { ErrorCode } from '../../../api/errors.ts'
import { readFixture } from '../../fixtures/index.ts'
import { faultyImage } from '../../reliability/inject-faults.ts'
import { oneColourVp8l, webp } from '../inputs/webp.ts'
import { fieldPart, filePart, formBody, formType } from '../wire.ts'
import { modelName, type ServerName } from './servers.ts'

export type BodyKind = 'raw' | 'form' | 'json' | 'binary'

export const bodyKinds: readonly BodyKind[] = ['raw', 'form', 'json', 'binary']

/** On both sides of what is read to its end for the sake of the connection. */
export const bodyBytes = { 'below 64 KiB': 30_000, 'above 64 KiB': 100_000 } as const

export type BodyLength = keyof typeof bodyBytes

export interface Rejection {
  readonly code: ErrorCode
  readonly server: ServerName
  readonly method: string
  readonly target: string
  readonly fields: readonly string[]
  readonly body: Buffer
  /** Whether the service has to read the whole body before it can reject it. */
  readonly needsWhole: boolean
}

interface Cause {
  readonly code: ErrorCode
  readonly server?: ServerName
  readonly kinds?: readonly BodyKind[]
  readonly needsWhole?: boolean
  /** What differs from a request with one good photo. */
  readonly change?: Partial<Pick<Rejection, 'method' | 'target' | 'fields'>>
  /** In place of one good photo. */
  readonly images?: (length: BodyLength) => Promise<readonly Buffer[]> | readonly Buffer[]
  /** In place of a body of images. */
  readonly body?: (kind: BodyKind, length: BodyLength) => Buffer
}

const photo = readFixture('exif-1.jpg')

const contentType: Record<BodyKind, string> = {
  raw: 'Content-Type: image/jpeg',
  form: formType,
  json: 'Content-Type: application/json',
  binary: 'Content-Type: application/octet-stream',
}

const targets: Record<BodyKind, string> = {
  raw: '/classify',
  form: '/classify',
  json: `/v1/models/${modelName}:predict`,
  binary: `/v2/models/${modelName}/infer`,
}

/** A body of images, filled up to the length with what its readers skip. */
const encode: Record<BodyKind, (images: readonly Buffer[], length: BodyLength) => { body: Buffer, fields?: readonly string[] }> = {
  raw: ([image], length) => ({ body: padded(image!, length) }),
  form: (images, length) => ({ body: formBody(images.map((image) => filePart(image)), { preamble: `${'x'.repeat(bodyBytes[length])}\r\n` }) }),
  json: (images, length) => {
    const json = JSON.stringify({ instances: images.map((image) => ({ b64: image.toString('base64') })) })
    return { body: Buffer.from(json.replace(/\}$/, `${' '.repeat(Math.max(0, bodyBytes[length] - json.length))}}`)) }
  },
  binary: (images, length) => {
    const elements = images.map((image, i) => padded(image, i === 0 ? length : undefined)).flatMap((image) => [uint32(image.length), image])
    const tensor = Buffer.concat(elements)
    const json = JSON.stringify({ inputs: [{ name: 'images', datatype: 'BYTES', shape: [images.length], parameters: { binary_data_size: tensor.length } }] })
    return { body: Buffer.concat([Buffer.from(json), tensor]), fields: [`Inference-Header-Content-Length: ${json.length}`] }
  },
}

const field = (line: string) => ({ fields: [line] })
const damaged = (kind: BodyKind, length: BodyLength): Buffer =>
  kind === 'form' ? formBody([filePart(padded(photo, length))], { end: '' }) : Buffer.from(`{"inputs": [${'1,'.repeat(bodyBytes[length] / 2)}`)

const causes: readonly Cause[] = [
  { code: 'unsupported_media', change: field('Content-Encoding: gzip') },
  { code: 'unsupported_media', kinds: ['raw', 'form'], change: field('Content-Type: text/csv') },
  { code: 'unsupported_media', kinds: ['raw'], change: field('Content-Type:') },
  { code: 'unsupported_media', images: () => [Buffer.from('GIF89a, or so it says')], needsWhole: true },
  { code: 'invalid_request', change: field('x-request-timeout-ms: 5s') },
  { code: 'invalid_request', kinds: ['raw', 'form'], change: { target: '/classify?topk=3' }, needsWhole: true },
  { code: 'malformed_json', kinds: ['json', 'binary'], body: damaged, needsWhole: true },
  { code: 'malformed_multipart', kinds: ['form'], body: damaged, needsWhole: true },
  { code: 'malformed_multipart', kinds: ['form'], change: field('Content-Type: multipart/form-data') },
  { code: 'malformed_multipart', kinds: ['form'], body: (_kind, length) => formBody(Array(bodyBytes[length] / 100).fill(fieldPart('x'))) },
  { code: 'empty_body', kinds: ['form'], body: (_kind, length) => formBody([], { preamble: 'x'.repeat(bodyBytes[length]) + '\r\n' }), needsWhole: true },
  { code: 'not_found', change: { target: '/nothing' } },
  { code: 'not_found', kinds: ['json'], change: { target: '/v1/models/other:predict' } },
  { code: 'not_found', kinds: ['binary'], change: { target: '/v2/models/other/infer' } },
  { code: 'method_not_allowed', change: { method: 'PUT', target: '/classify' } },
  { code: 'too_many_images', kinds: ['form', 'json', 'binary'], images: () => Array(17).fill(photo.subarray(0, 3000)), needsWhole: true },
  { code: 'corrupt_image', images: () => [readFixture('small.png').subarray(0, 60)], needsWhole: true },
  { code: 'too_many_pixels', images: () => [webp(['VP8L', oneColourVp8l(12_001, 100)])], needsWhole: true },
  { code: 'request_timeout', change: field('x-request-timeout-ms: 300') },
  { code: 'headers_too_large', change: field(`x-long: ${'x'.repeat(20_000)}`) },
  { code: 'image_too_large', server: 'small images', kinds: ['raw'] },
  { code: 'image_too_large', server: 'small images', images: (length) => [padded(photo, length)], needsWhole: true },
  { code: 'request_too_large', server: 'small requests', kinds: ['form', 'json', 'binary'] },
  { code: 'memory_exhausted', server: 'little memory for bodies' },
  { code: 'under_pressure', server: 'little memory' },
  { code: 'unauthorized', server: 'keys' },
  { code: 'unauthorized', server: 'keys', change: field('x-api-key: another') },
  { code: 'inference_failed', server: 'faults', images: async () => [await faultyImage('throws')], needsWhole: true },
  { code: 'internal_error', server: 'faults', images: async () => [await faultyImage('breaks')], needsWhole: true },
  { code: 'decode_timeout', server: 'slow decoding', kinds: ['raw'], images: () => [webp(['VP8L', oneColourVp8l(16_000, 12_000)])], needsWhole: true },
  { code: 'queue_full', server: 'full queue' },
  { code: 'too_many_requests', server: 'full share' },
  { code: 'deadline_exceeded', server: 'no session', change: field('x-request-timeout-ms: 100'), needsWhole: true },
  { code: 'not_ready', server: 'no session', change: { method: 'GET', target: '/readyz' } },
  { code: 'shutting_down', server: 'draining', change: { method: 'GET', target: '/readyz' } },
]

/** All that can be brought about. */
export async function makeRejections (): Promise<Array<Rejection & { readonly kind: BodyKind, readonly length: BodyLength }>> {
  const lengths = Object.keys(bodyBytes) as BodyLength[]
  return (await Promise.all(causes.flatMap(({ kinds = bodyKinds, ...cause }) =>
    kinds.flatMap((kind) => lengths.map(async (length) => ({ ...await makeRejection(cause, kind, length), kind, length })))))).flat()
}

async function makeRejection (cause: Cause, kind: BodyKind, length: BodyLength): Promise<Rejection> {
  const { code, server = 'ordinary', needsWhole = false, change = {}, images = () => [photo] } = cause
  const ofImages = cause.body === undefined ? encode[kind](await images(length), length) : undefined
  const body = ofImages?.body ?? cause.body!(kind, length)
  const ownFields = ofImages?.fields ?? []
  const { method = 'POST', target = targets[kind], fields = [] } = change
  const overridden = new Set(fields.map(nameOf))
  const common = [contentType[kind], ...ownFields].filter((line) => !overridden.has(nameOf(line)))
  // An empty one stands for none.
  return { code, server, method, target, fields: [...common, ...fields.filter((line) => !line.endsWith(':'))], body, needsWhole }
}

function nameOf (line: string): string {
  return line.split(':', 1)[0]!.toLowerCase()
}

/** Decoders skip what follows an image. */
function padded (image: Buffer, length: BodyLength | undefined): Buffer {
  return Buffer.concat([image, Buffer.alloc(length === undefined ? 0 : Math.max(0, bodyBytes[length] - image.length))])
}

function uint32 (value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
