/** Python's `round` and OpenCV's `cvRound`: Math.round takes every half up, which moves a crop with an odd margin by a pixel. */
export function roundHalfToEven (value: number): number {
  const floor = Math.floor(value)
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value)
}
