/** Images in the JSON bodies of inference protocols. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import { ServiceError } from '../../errors.ts'
import { imageTooLarge, type Upload } from '../../images/upload.ts'
import { requestLimit } from '../plugins/request-body.ts'

/** Reads each body as bytes whatever its Content-Type: clients of these protocols send none, or a wrong one. */
export function registerAnyBody (scope: FastifyInstance, config: Config): void {
  scope.addContentTypeParser('*', async ({ bodyReader }: FastifyRequest) => await bodyReader.readAll(requestLimit(config)))
}

/**
 * Checks the declared number of images of a request before the first is read.
 *
 * @throws `too_many_images`, or `empty_body` if there is none.
 */
export function checkImageCount (count: number, maxImages: number): void {
  if (count > maxImages) throw new ServiceError('too_many_images', `Expected at most ${maxImages} images per request, got ${count}.`)
  if (count === 0) throw new ServiceError('empty_body', 'Expected an image, got a request with none.')
}

const groupLength = 4
const groupBytes = 3

/** Decodes an image from base64 (RFC 4648, section 4: padded, no line breaks). Other text or a large image becomes an error. */
export function readBase64 (text: string, maxImageBytes: number): Upload {
  const paddingLength = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const length = text.length / groupLength * groupBytes - paddingLength
  if (length > maxImageBytes) return imageTooLarge(maxImageBytes)
  const bytes = Buffer.from(text, 'base64')
  // Node skips unknown characters, and accepts the URL alphabet and nonzero trailing bits, where data can hide.
  const isStrict = bytes.length === length && !text.includes('-') && !text.includes('_') &&
    bytes.subarray(-(length % groupBytes || groupBytes)).toString('base64') === text.slice(-groupLength)
  return isStrict ? bytes : new ServiceError('corrupt_image', 'Expected an image in base64 with padding and no line breaks, got other text.')
}
