/** Knative's pod autoscaler on concurrency: a mean over a minute, and one over seconds that goes before it when load comes suddenly. */
import type { Autoscaler, Observation } from './autoscaler.ts'

export interface KnativeAutoscalerSettings {
  readonly minScale: number
  readonly maxScale: number
  /** Requests in work that each replica is meant to have, before `targetUtilization`. */
  readonly target: number
  readonly scaleDownDelaySeconds: number
}

/** Of `config-autoscaler`, which are the cluster's and not this project's. */
const tickSeconds = 2
const stableSeconds = 60
const panicSeconds = 6
const panicThreshold = 2
const targetUtilization = 0.7
const maxScaleUpRate = 1000
const maxScaleDownRate = 2

interface Sample { readonly at: number, readonly value: number }

export class KnativeAutoscaler implements Autoscaler {
  readonly minReplicas: number
  readonly #settings: KnativeAutoscalerSettings
  #concurrency: Sample[] = []
  #decisions: Sample[] = []
  #panicSince: number | undefined
  #mostInPanic = 0

  constructor (settings: KnativeAutoscalerSettings) {
    this.#settings = settings
    this.minReplicas = settings.minScale
  }

  decide (second: number, { inWork, ready, wanted }: Observation): number {
    this.#concurrency = [...this.#concurrency.filter(({ at }) => at > second - stableSeconds), { at: second, value: inWork }]
    if (wanted === 0 && inWork > 0) return 1 // the activator asks at once
    if (second % tickSeconds !== 0) return wanted

    const { minScale, maxScale, target, scaleDownDelaySeconds } = this.#settings
    const replicas = Math.max(1, ready)
    const wantedFor = (seconds: number): number => Math.ceil(this.#mean(second, seconds) / (target * targetUtilization))
    const inPace = (value: number): number =>
      Math.min(Math.ceil(maxScaleUpRate * replicas), Math.max(Math.floor(ready / maxScaleDownRate), value))
    const [stable, panic] = [wantedFor(stableSeconds), wantedFor(panicSeconds)]

    if (panic / replicas >= panicThreshold) this.#panicSince = second
    else if (this.#panicSince !== undefined && second - this.#panicSince > stableSeconds) this.#panicSince = undefined
    this.#mostInPanic = this.#panicSince === undefined ? 0 : Math.max(this.#mostInPanic, inPace(panic))
    const decided = this.#panicSince === undefined ? inPace(stable) : Math.max(inPace(stable), this.#mostInPanic)

    this.#decisions = [...this.#decisions.filter(({ at }) => at > second - scaleDownDelaySeconds), { at: second, value: decided }]
    return Math.min(maxScale, Math.max(minScale, ...this.#decisions.map(({ value }) => value)))
  }

  #mean (second: number, seconds: number): number {
    const within = this.#concurrency.filter(({ at }) => at > second - seconds)
    return within.reduce((sum, { value }) => sum + value, 0) / within.length
  }
}
