import type { Tally } from './tally.ts'

/** What `ghostserve evaluate` says of a model. */
export interface Evaluation extends Tally {
  readonly model: string
  readonly version: string
  readonly data: string
  /** By which logits are divided before the softmax. */
  readonly temperature: number
  /** Of the images that this run classified; 0 if a former one had done all. */
  readonly imagesPerSecond: number
  readonly seconds: number
  /** If the temperature was fitted on these images: what it was before, and what scores were worth with it. */
  readonly beforeFit?: { readonly temperature: number, readonly negativeLogLikelihood: number, readonly expectedCalibrationError: number }
}
