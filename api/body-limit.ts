/** How much a body may hold: an image that is the body itself, or a request with room for several. */
import type { Config } from './config.ts'
import { ServiceError } from './errors.ts'
import { imageTooLarge } from './pipeline/upload.ts'

type Limits = Pick<Config, 'maxImageBytes' | 'maxRequestBytes'>

const isOneImage = (contentType: string): boolean => /^\s*(image\/|application\/x-image\b)/i.test(contentType)

/** Bytes of a body of this type. */
export function bodyLimit (contentType: string, { maxImageBytes, maxRequestBytes }: Limits): number {
  return isOneImage(contentType) ? maxImageBytes : maxRequestBytes
}

export function bodyTooLarge (contentType: string, { maxImageBytes, maxRequestBytes }: Limits): ServiceError {
  return isOneImage(contentType) ? imageTooLarge(maxImageBytes) : requestTooLarge(maxRequestBytes)
}

export function requestTooLarge (maxBytes: number): ServiceError {
  return new ServiceError('request_too_large', `Expected a body of at most ${maxBytes} bytes, got more.`)
}
