/** One image of a request. */
import { ServiceError } from '../errors.ts'

/** An image that needs no preprocessing: the model's own input, uint8 [cropSize, cropSize, 3], RGB. */
export class Pixels {
  readonly data: Uint8Array

  constructor (data: Uint8Array) {
    this.data = data
  }
}

/** Encoded bytes, or the model's own input. */
export type Image = Buffer | Pixels

/** An image as received, or the error in its place. */
export type Upload = Image | ServiceError

export function imageTooLarge (maxImageBytes: number): ServiceError {
  return new ServiceError('image_too_large', `Expected an image of at most ${maxImageBytes} bytes, got more.`)
}
