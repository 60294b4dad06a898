/** Whether two servers give the same predictions for the same photos. */

export interface Guess {
  readonly classIndex: number
  readonly score: number
}

export interface Agreement {
  readonly photos: number
  /** Photos of which both name the same likeliest class. */
  readonly sameTop1: number
  /** Classes that both have among their five, at least, of any photo. */
  readonly leastShared: number
  /** Largest difference of a score that both give. */
  readonly scoreDifference: number
}

/**
 * Two decoders differ by fractions of a level. With random weights, classes that are near ties then change places, and the fifth may drop
 * out; scores hardly move. A crop that is off by a pixel moves them by more.
 */
const leastShared = 4
const maxScoreDifference = 0.05

/** The guesses in a response, best first, in whatever form. */
export function guessesOf (answer: string): Guess[] {
  return [...answer.matchAll(/"classIndex": ?(\d+),\s*"score": ?([\d.e+-]+)/g)]
    .map(([, classIndex, score]) => ({ classIndex: Number(classIndex), score: Number(score) }))
}

/** @param ours - The guesses for each photo, best first. */
export function compareGuesses (ours: readonly Guess[][], theirs: readonly Guess[][]): Agreement {
  const photos = ours.map((guesses, i) => {
    const others = new Map(theirs[i]?.map(({ classIndex, score }) => [classIndex, score]))
    const shared = guesses.filter(({ classIndex }) => others.has(classIndex))
    return {
      isSameTop1: guesses[0] !== undefined && guesses[0].classIndex === theirs[i]?.[0]?.classIndex,
      shared: shared.length,
      differences: shared.map(({ classIndex, score }) => Math.abs(score - others.get(classIndex)!)),
    }
  })
  return {
    photos: ours.length,
    sameTop1: photos.filter(({ isSameTop1 }) => isSameTop1).length,
    leastShared: Math.min(...photos.map(({ shared }) => shared)),
    scoreDifference: Math.max(0, ...photos.flatMap(({ differences }) => differences)),
  }
}

export function isAgreed (agreement: Agreement): boolean {
  return agreement.photos > 0 && agreement.leastShared >= leastShared && agreement.scoreDifference <= maxScoreDifference
}
