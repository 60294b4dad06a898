/** Arrivals of a Poisson process, as independent users make them: gaps are exponential, so that some requests come together. */

/** Draws in (0, 1], the same for the same seed: xorshift32 behind a mix of the seed. */
function seededUniform (seed: number): () => number {
  let state = (Math.imul(seed + 1, 0x9e3779b9) ^ 0x85ebca6b) || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return ((state >>> 0) + 1) / 2 ** 32
  }
}

/** A stretch of constant rate. */
export interface Stretch {
  readonly perSecond: number
  readonly seconds: number
}

/**
 * Arrival times in ms from the start, ascending.
 *
 * @param stretches - One after the other. A gap that ends behind its stretch is drawn again from the border on, which is exact: the
 * exponential distribution has no memory.
 */
export function scheduleArrivals (stretches: readonly Stretch[], seed: number): number[] {
  const uniform = seededUniform(seed)
  const arrivalsMs: number[] = []
  let startMs = 0
  for (const { perSecond, seconds } of stretches) {
    const endMs = startMs + seconds * 1000
    let atMs = startMs
    while ((atMs += -Math.log(uniform()) * 1000 / perSecond) < endMs) arrivalsMs.push(atMs)
    startMs = endMs
  }
  return arrivalsMs
}
