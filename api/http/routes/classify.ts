/** POST /classify, with one image as the body or a form of several. Nothing is written to disk or kept beyond the limits. */
import type { IncomingHttpHeaders } from 'node:http'
import { finished } from 'node:stream/promises'
import { Busboy, type BusboyHeaders } from '@fastify/busboy'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Selection } from '../../engine/postprocess.ts'
import { ServiceError } from '../../errors.ts'
import { imageFormats, parseFormats } from '../../images/formats.ts'
import { type Upload, imageTooLarge } from '../../images/upload.ts'
import { classifyRequest, type ClassificationService } from '../classify-request.ts'
import { imageLimit, requestLimit, type BodyReader } from '../plugins/request-body.ts'
import { ClassificationSchema, classificationQuerySchema } from '../schemas/classification.ts'
import { ProblemResponseSchema } from '../schemas/problem.ts'

export function registerClassifyRoute (_app: FastifyInstance, images: FastifyInstance, service: ClassificationService): void {
  const { classifier: { model: { version, manifest: { name, classes } } }, config } = service
  const querystring = classificationQuerySchema(classes)
  const mediaTypes = parseFormats(config.imageFormats).map((format) => imageFormats[format].mediaType)

  images.addContentTypeParser('multipart/form-data', async ({ headers, bodyReader }: FastifyRequest) =>
    await readMultipart(headers, bodyReader, config))
  images.addContentTypeParser(mediaTypes, async ({ bodyReader }: FastifyRequest) => [await bodyReader.readAll(imageLimit(config))])

  images.post<{ Body: Upload[] | undefined, Querystring: Selection }>('/classify', {
    preValidation: async ({ query }) => rejectOtherNumbers(query),
    schema: { querystring, response: { 200: ClassificationSchema, '4xx': ProblemResponseSchema, '5xx': ProblemResponseSchema } },
  }, async (request, reply) => {
    if (request.body === undefined) throw new ServiceError('empty_body', 'Expected an image, got no body.')
    return { model: { name, version }, results: await classifyRequest(service, request, reply, request.body, request.query) }
  })
}

const notations: Record<keyof Selection, readonly [RegExp, string]> = {
  topK: [/^\d+$/, 'a whole number'],
  minScore: [/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i, 'a decimal number'],
}

/** Rejects numbers that only JavaScript accepts: `0x5`, ` 5`, and for whole ones `5e0`. */
function rejectOtherNumbers (query: unknown): void {
  for (const [name, [notation, kind]] of Object.entries(notations)) {
    const value = (query as Record<string, unknown>)[name]
    if (typeof value !== 'string' || notation.test(value)) continue
    throw new ServiceError('invalid_request', `Expected the query parameter ${name} to be ${kind}, got ${JSON.stringify(value.slice(0, 100))}.`)
  }
}

export interface UploadLimits {
  readonly maxImages: number
  readonly maxImageBytes: number
  readonly maxRequestBytes: number
}

/** Text fields of a form, which have no meaning here: a few short ones are skipped. */
const maxFields = 16

/**
 * The images of a multipart/form-data body: every file part, whatever its field's name, in order.
 *
 * An image over `maxImageBytes` becomes an error in its place and costs no memory; what makes the whole request unreadable is thrown.
 *
 * @throws `malformed_multipart`, `too_many_images`, `request_too_large`, or `empty_body` if there is no file.
 */
export async function readMultipart (headers: IncomingHttpHeaders, body: BodyReader, limits: UploadLimits): Promise<Upload[]> {
  const { maxImages, maxImageBytes } = limits
  const parser = createParser(headers, limits)
  const uploads: Upload[] = []
  let fieldCount = 0
  parser.on('file', (_name, file) => {
    const place = uploads.push(new ServiceError('empty_body', 'Expected an image, got a file part that was cut off.')) - 1
    const chunks: Buffer[] = []
    file.on('data', (chunk: Buffer) => chunks.push(chunk))
    file.on('limit', () => { chunks.length = 0 })
    file.on('error', () => {}) // a part that ends early is also an error of the parser
    file.on('end', () => {
      uploads[place] = file.truncated ? imageTooLarge(maxImageBytes) : Buffer.concat(chunks)
    })
  })
  parser.on('field', () => { fieldCount++ })
  parser.on('filesLimit', () => {
    parser.destroy(new ServiceError('too_many_images', `Expected at most ${maxImages} images per request, got more.`))
  })
  parser.on('partsLimit', () => {
    parser.destroy(new ServiceError('malformed_multipart', `Expected at most ${maxImages} images and ${maxFields} fields in a form, got more parts.`))
  })

  // A form that is rejected in the middle is not read any further.
  parser.on('error', (cause) => body.fail(formError(cause)))
  const isParsed = finished(parser)
  isParsed.catch(() => {}) // awaited below, unless something else is thrown first
  try {
    // The parser's limits exclude the preamble and the headers of parts; the reader's include them.
    await body.read(requestLimit(limits), (chunk) => { parser.write(chunk) })
    parser.end()
    await isParsed
  } catch (cause) {
    parser.destroy()
    throw formError(cause)
  }
  if (uploads.length === 0) {
    throw new ServiceError('empty_body', `Expected a file part in the form, got ${fieldCount} text fields and no file.`)
  }
  return uploads
}

function formError (cause: unknown): ServiceError {
  if (cause instanceof ServiceError) return cause
  return new ServiceError('malformed_multipart', 'Expected multipart/form-data up to its final boundary, got one that is damaged or cut off.', { cause })
}

function createParser (
  headers: IncomingHttpHeaders, { maxImages, maxImageBytes, maxRequestBytes }: UploadLimits
): InstanceType<typeof Busboy> {
  try {
    return new Busboy({
      headers: headers as BusboyHeaders,
      // No part ever pauses the parser: if the last part paused it unread, the form would never end.
      fileHwm: maxRequestBytes,
      isPartAFile: (_field, type, fileName) => fileName !== undefined || type === 'application/octet-stream' || type?.startsWith('image/') === true,
      limits: {
        files: maxImages,
        fileSize: maxImageBytes,
        fields: maxFields,
        parts: maxImages + maxFields,
        fieldNameSize: 100,
        fieldSize: 1024,
        headerPairs: 20,
        headerSize: 8192,
      },
    })
  } catch (cause) {
    throw new ServiceError('malformed_multipart', 'Expected a boundary in the Content-Type of multipart/form-data.', { cause })
  }
}
