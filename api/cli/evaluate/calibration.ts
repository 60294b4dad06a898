/** Calibration: whether scores are probabilities, so that of 100 images with the score 0.8, 80 are right (arXiv 1706.04599). */
export interface Calibration {
  /** Mean distance of score and accuracy over the bins, weighted by their images. 0 is perfect. */
  readonly expectedCalibrationError: number
  /** Bins of equal width, by the score of the most probable class; from 0 to 1. */
  readonly bins: readonly CalibrationBin[]
}

export interface CalibrationBin {
  readonly from: number
  readonly to: number
  readonly images: number
  /** Mean score of the most probable class; 0 without images. */
  readonly score: number
  /** Share of images whose most probable class is right, 0 to 1; 0 without images. */
  readonly accuracy: number
}

/** Number of bins in the paper. */
const binCount = 15

/** Measures calibration. @param predictions - The most probable class of each image: its score in [0, 1], and whether it is right. */
export function measureCalibration (predictions: ReadonlyArray<{ readonly score: number, readonly isRight: boolean }>): Calibration {
  const sums = Array.from({ length: binCount }, () => ({ images: 0, score: 0, right: 0 }))
  for (const { score, isRight } of predictions) {
    const sum = sums[Math.min(binCount - 1, Math.floor(score * binCount))]!
    sum.images++
    sum.score += score
    sum.right += Number(isRight)
  }
  const bins = sums.map(({ images, score, right }, i) => ({
    from: i / binCount,
    to: (i + 1) / binCount,
    images,
    score: images === 0 ? 0 : score / images,
    accuracy: images === 0 ? 0 : right / images,
  }))
  const distance = bins.reduce((sum, { images, score, accuracy }) => sum + images * Math.abs(score - accuracy), 0)
  return { expectedCalibrationError: predictions.length === 0 ? 0 : distance / predictions.length, bins }
}
