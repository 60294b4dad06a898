/** How fast images leave, as a moving average over about the last second. */
export class DrainRate {
  #perSecond = 0
  #lastAt = performance.now()

  count (): void {
    const now = performance.now()
    const seconds = Math.max(1e-3, (now - this.#lastAt) / 1000)
    const weight = 1 - Math.exp(-seconds)
    this.#perSecond += weight * (1 / seconds - this.#perSecond)
    this.#lastAt = now
  }

  /** Whole seconds, 1 to 30, until `images` have left. */
  secondsFor (images: number): number {
    return Math.min(30, Math.max(1, Math.ceil(images / Math.max(this.#perSecond, 1e-9))))
  }
}
