/**
 * Kubernetes's HorizontalPodAutoscaler on a metric with a target of the type AverageValue, which is what KEDA makes of a ScaledObject:
 * the metric's sum over its target, but for a tolerance, held down for a while, and in steps.
 */
import type { Autoscaler, Observation } from './autoscaler.ts'

/** As in `behavior` of the manifests. */
export interface ScalingRules {
  readonly stabilizationWindowSeconds: number
  readonly policies: ReadonlyArray<{ readonly type: 'Pods', readonly value: number, readonly periodSeconds: number }>
}

export interface HorizontalPodAutoscalerSettings {
  readonly minReplicas: number
  readonly maxReplicas: number
  /** Images in work that each replica is meant to have. */
  readonly target: number
  /** Of Prometheus. */
  readonly scrapeSeconds: number
  /** Over which the query takes its mean. */
  readonly averageSeconds: number
  readonly scaleUp: ScalingRules
  readonly scaleDown: ScalingRules
}

/** The controller's defaults. */
const syncSeconds = 15
const tolerance = 0.1

interface Sample { readonly at: number, readonly value: number }

export class HorizontalPodAutoscaler implements Autoscaler {
  readonly minReplicas: number
  readonly #settings: HorizontalPodAutoscalerSettings
  #scrapes: Sample[] = []
  #recommendations: Sample[] = []
  /** Replicas added (or, below 0, removed). */
  #changes: Sample[] = []

  constructor (settings: HorizontalPodAutoscalerSettings) {
    this.#settings = settings
    this.minReplicas = settings.minReplicas
  }

  decide (second: number, { inWork, wanted }: Observation): number {
    const { scrapeSeconds, averageSeconds } = this.#settings
    if (second % scrapeSeconds === 0) {
      this.#scrapes = [...this.#scrapes.filter(({ at }) => at > second - averageSeconds), { at: second, value: inWork }]
    }
    if (second % syncSeconds !== 0 || this.#scrapes.length === 0) return wanted
    const stabilized = this.#stabilize(second, wanted, this.#recommend(wanted))
    const decided = this.#limitPace(second, wanted, stabilized)
    if (decided !== wanted) this.#changes.push({ at: second, value: decided - wanted })
    return decided
  }

  #recommend (wanted: number): number {
    const { target, minReplicas, maxReplicas } = this.#settings
    const mean = this.#scrapes.reduce((sum, { value }) => sum + value, 0) / this.#scrapes.length
    const ratio = mean / (target * wanted)
    const recommended = Math.abs(ratio - 1) <= tolerance ? wanted : Math.ceil(mean / target)
    return Math.min(maxReplicas, Math.max(minReplicas, recommended))
  }

  /** Up, the lowest recommendation of the window; down, the highest. */
  #stabilize (second: number, wanted: number, recommended: number): number {
    const { scaleUp, scaleDown } = this.#settings
    const longest = Math.max(scaleUp.stabilizationWindowSeconds, scaleDown.stabilizationWindowSeconds)
    this.#recommendations = [...this.#recommendations.filter(({ at }) => at > second - longest), { at: second, value: recommended }]
    const within = ({ stabilizationWindowSeconds: window }: ScalingRules): number[] =>
      this.#recommendations.filter(({ at }) => at === second || at > second - window).map(({ value }) => value)
    if (recommended > wanted) return Math.max(wanted, Math.min(...within(scaleUp)))
    return Math.min(wanted, Math.max(...within(scaleDown)))
  }

  /** As far as the policy that allows most allows, counted from the replicas at the beginning of its period. */
  #limitPace (second: number, wanted: number, stabilized: number): number {
    const { scaleUp, scaleDown } = this.#settings
    const longest = Math.max(...[...scaleUp.policies, ...scaleDown.policies].map(({ periodSeconds }) => periodSeconds))
    this.#changes = this.#changes.filter(({ at }) => at > second - longest)
    const before = (seconds: number): number =>
      wanted - this.#changes.filter(({ at }) => at > second - seconds).reduce((sum, { value }) => sum + value, 0)
    const [most, least] = [
      Math.max(...scaleUp.policies.map(({ value, periodSeconds }) => before(periodSeconds) + value)),
      Math.min(...scaleDown.policies.map(({ value, periodSeconds }) => before(periodSeconds) - value)),
    ]
    return stabilized > wanted ? Math.max(wanted, Math.min(stabilized, most)) : Math.min(wanted, Math.max(stabilized, least))
  }
}
