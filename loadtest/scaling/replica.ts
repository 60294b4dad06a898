/**
 * One instance: cores that each serve one image at a time, one queue before them, first come first served, and a bound on the images in
 * work. Departures are computed at the arrival, so that a simulation needs no calendar of events.
 */
export class Replica {
  /** Seconds since the start of the simulation, from which it takes requests. */
  readonly readyAt: number
  /** When each core is free. */
  readonly #freeAt: number[]
  readonly #maxInWork: number
  /** Ascending, those before `#first` are past. */
  #departures: number[] = []
  #first = 0

  constructor (cores: number, maxInWork: number, readyAt: number) {
    this.#freeAt = Array.from({ length: cores }, () => readyAt)
    this.#maxInWork = maxInWork
    this.readyAt = readyAt
  }

  /** Images admitted and not yet answered. @param now - Never before that of an earlier call. */
  inWork (now: number): number {
    while (this.#first < this.#departures.length && this.#departures[this.#first]! <= now) this.#first++
    if (this.#first > 4096) {
      this.#departures = this.#departures.slice(this.#first)
      this.#first = 0
    }
    return this.#departures.length - this.#first
  }

  /** @returns When the image will be answered; undefined if it is refused, as too many are in work. */
  admit (now: number, serviceSeconds: number): number | undefined {
    if (this.inWork(now) >= this.#maxInWork) return undefined
    let core = 0
    for (let i = 1; i < this.#freeAt.length; i++) if (this.#freeAt[i]! < this.#freeAt[core]!) core = i
    const departure = Math.max(now, this.#freeAt[core]!) + serviceSeconds
    this.#freeAt[core] = departure
    let place = this.#departures.length
    while (place > this.#first && this.#departures[place - 1]! > departure) place--
    if (place === this.#departures.length) this.#departures.push(departure)
    else this.#departures.splice(place, 0, departure)
    return departure
  }
}
