/** Images per second that leave the service while there are some in flight: a moving average over about a second of work. */
export class Throughput {
  readonly #now: () => number
  /** Images per second, times how much is known of them: `#known` grows from 0 to 1 with the first second of work. */
  #perSecond = 0
  #known = 0
  #lastAt: number

  /** @param now - Clock in milliseconds. */
  constructor (now: () => number = () => performance.now()) {
    this.#now = now
    this.#lastAt = now()
  }

  /** Starts the clock with the first image: the idle time before it says nothing about the rate. */
  begin (): void {
    this.#lastAt = this.#now()
  }

  /** Counts an image that leaves. */
  count (): void {
    const now = this.#now()
    const seconds = Math.max(1e-3, (now - this.#lastAt) / 1000)
    const weight = 1 - Math.exp(-seconds)
    this.#perSecond += weight * (1 / seconds - this.#perSecond)
    this.#known += weight * (1 - this.#known)
    this.#lastAt = now
  }

  /** Whole seconds, 1 to 30, until `images` have left; 1 as long as none ever has. */
  secondsFor (images: number): number {
    if (this.#known === 0) return 1
    return Math.min(30, Math.max(1, Math.ceil(images * this.#known / this.#perSecond)))
  }
}
