/** What k6 gets, and what it reports: the two sides of `k6/classify.ts`, which k6 runs and this project only type-checks. */

/** One request body, made beforehand so that the sender's share of the cores goes into sending. */
export interface BodyFile {
  readonly path: string
  readonly contentType: string
  readonly bytes: number
  readonly images: number
}

/** Users who each send their next request after the response to the last one. */
export interface ClosedLoad {
  readonly kind: 'closed'
  readonly users: number
  readonly seconds: number
}

/** Requests at scheduled times, whether or not earlier ones have their responses. */
export interface OpenLoad {
  readonly kind: 'open'
  /** JSON: ascending milliseconds from the start of the load. A file of its own, since every user parses the plan. */
  readonly arrivalsPath: string
  readonly requests: number
  readonly lastArrivalMs: number
  /** Requests that can be in flight at the same time. */
  readonly maxUsers: number
}

/** A stretch of the load with percentiles of its own. By time since the load's start, half open; the last one has no end. */
export interface Segment {
  readonly name: string
  readonly fromMs: number
}

export interface Plan {
  readonly url: string
  readonly bodies: readonly BodyFile[]
  /** Bodies that one user holds in memory and sends one after another. */
  readonly bodiesPerUser: number
  readonly warmupSeconds: number
  readonly warmupUsers: number
  readonly load: ClosedLoad | OpenLoad
  readonly segments: readonly Segment[]
}

/** Percentiles that k6 computes of each of its trends; enough to draw a distribution. */
export const percentiles = [1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 99.9] as const

/** The stages that Server-Timing names, in their order. */
export const stages = ['read', 'decode', 'queue', 'run', 'post'] as const

export type Stage = typeof stages[number]

/** Largest delay of a sender whose measurement still counts; a later one measures itself. */
export const latenessBoundMs = 5
