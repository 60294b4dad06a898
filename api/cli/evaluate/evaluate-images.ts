import type { Classifier } from '../../engine/classifier.ts'
import { TryAgainError } from '../usage-error.ts'
import { ServiceError } from '../../errors.ts'
import { mapInOrder } from '../map-in-order.ts'
import type { ImageResult } from './image-result.ts'
import type { LabelledImage } from './labelled-image.ts'

/** Images in flight: enough to keep full batches waiting; the rest of the images stays on disk. */
const imagesInFlight = 64

/**
 * Classifies images through the pipeline that serves them; yields results in the images' order.
 *
 * @throws TryAgainError at a failure of the machine at this moment and not of the image; an error of the file system.
 */
export async function * evaluateImages (classifier: Classifier, images: readonly LabelledImage[]): AsyncGenerator<ImageResult> {
  const concurrency = Math.min(imagesInFlight, classifier.maxQueueSize)
  yield * mapInOrder(images, concurrency, async (image) => await evaluateImage(classifier, image))
}

async function evaluateImage (classifier: Classifier, { name, classIndex, read }: LabelledImage): Promise<ImageResult> {
  const { results: [result] } = await classifier.infer([await read()], (logits) => logits.slice(), new AbortController().signal)
  if (!(result instanceof ServiceError)) return { name, classIndex, logits: result! }
  if (result.statusCode >= 500) throw new TryAgainError(`${name} was not classified and can be tried again: ${result.message}`)
  return { name, classIndex, error: { code: result.code, detail: result.message } }
}
