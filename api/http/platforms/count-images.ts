import { ServiceError } from '../../errors.ts'

/**
 * As many images as a request says that it has, before the first is looked at.
 *
 * @throws `too_many_images`, or `empty_body` if there is none.
 */
export function requestedImages (count: number, maxImages: number): number {
  if (count > maxImages) throw new ServiceError('too_many_images', `Expected at most ${maxImages} images a request, got ${count}.`)
  if (count === 0) throw new ServiceError('empty_body', 'Expected an image, got a request with none.')
  return count
}
