/** How much a body may hold: an image that is the body itself, or a request with room for several. */
import type { Config } from '../config.ts'
import { ServiceError } from '../errors.ts'
import { imageTooLarge } from '../images/upload.ts'

export interface BodyLimit {
  readonly maxBytes: number
  readonly tooLarge: (maxBytes: number) => ServiceError
}

export function imageLimit ({ maxImageBytes }: Pick<Config, 'maxImageBytes'>): BodyLimit {
  return { maxBytes: maxImageBytes, tooLarge: imageTooLarge }
}

export function requestLimit ({ maxRequestBytes }: Pick<Config, 'maxRequestBytes'>): BodyLimit {
  return { maxBytes: maxRequestBytes, tooLarge: requestTooLarge }
}

/** The limit for a body of this type. */
export function bodyLimit (contentType: string, config: Config): BodyLimit {
  return /^\s*(image\/|application\/x-image\b)/i.test(contentType) ? imageLimit(config) : requestLimit(config)
}

function requestTooLarge (maxBytes: number): ServiceError {
  return new ServiceError('request_too_large', `Expected a body of at most ${maxBytes} bytes, got more.`)
}
