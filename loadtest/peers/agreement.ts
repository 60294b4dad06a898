/** Whether two servers say the same of the same photos. */

export interface Agreement {
  readonly photos: number
  /** Photos of which both name the same likeliest class. */
  readonly sameTop1: number
  /** Classes that both have among their five, of all photos. */
  readonly sharedTop5: number
}

/** Of the five. Another decoder moves pixels by a fraction of a level, and with random weights the fourth and fifth class may be near ties. */
const leastShared = 4

/** Class indices in the order of an answer, whatever surrounds them. */
export function classesOf (answer: string): number[] {
  return [...answer.matchAll(/"classIndex": ?(\d+)/g)].map(([, index]) => Number(index))
}

export function agreementOf (ours: ReadonlyArray<readonly number[]>, theirs: ReadonlyArray<readonly number[]>): Agreement {
  return {
    photos: ours.length,
    sameTop1: ours.filter((classes, i) => classes.length > 0 && classes[0] === theirs[i]?.[0]).length,
    sharedTop5: ours.reduce((sum, classes, i) => sum + shared(classes, theirs[i]), 0),
  }
}

/** The same likeliest class, and at least four of five in common, on every photo. */
export function agrees (ours: ReadonlyArray<readonly number[]>, theirs: ReadonlyArray<readonly number[]>): boolean {
  return ours.length > 0 && ours.every((classes, i) =>
    classes.length > 0 && classes[0] === theirs[i]?.[0] && shared(classes, theirs[i]) >= Math.min(leastShared, classes.length))
}

function shared (ours: readonly number[], theirs: readonly number[] = []): number {
  return ours.filter((index) => theirs.includes(index)).length
}
