import type { Tally } from './tally.ts'

/** Result of `ghostserve evaluate`. */
export interface Evaluation extends Tally {
  readonly model: string
  readonly version: string
  readonly data: string
  /** Divisor of the logits before the softmax. */
  readonly temperature: number
  /** Throughput of the images that this run classified; 0 if an earlier run had done all. */
  readonly imagesPerSecond: number
  readonly seconds: number
  /** Temperature and quality of the scores before the temperature was fitted on these images. */
  readonly beforeFit?: { readonly temperature: number, readonly negativeLogLikelihood: number, readonly expectedCalibrationError: number }
}
