/** Numbers that a seed and an iteration decide, so that any input can be made again. */
export class Random {
  #state: number

  constructor (seed: number, iteration = 0) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(iteration + 1, 0x85ebca6b)) >>> 0
    for (let i = 0; i < 4; i++) this.uint32()
  }

  /** SplitMix32. */
  uint32 (): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }

  /** 0 to `end` - 1; 0 if `end` is 0. */
  below (end: number): number {
    return end === 0 ? 0 : this.uint32() % end
  }

  pick<Item> (items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }
}
