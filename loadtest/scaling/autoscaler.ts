/** What decides how many replicas there are. */

export interface Observation {
  /** Images admitted or held and not yet answered, in all replicas. */
  readonly inWork: number
  /** Replicas that take requests. */
  readonly ready: number
  /** Replicas that are wanted now, those that still start among them. */
  readonly wanted: number
}

export interface Autoscaler {
  readonly minReplicas: number
  /** Called once in each simulated second, in order. @returns How many replicas to have from now on. */
  decide (second: number, observation: Observation): number
}
