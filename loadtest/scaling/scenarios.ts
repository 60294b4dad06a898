/** The day of docs/explanation/scaling.md, and what meets it: the shipped settings on instances as measured. */
import { decodeSeconds, totalSeconds } from '../sizing/gpu-node.ts'
import { readMeasured } from '../sizing/measured.ts'
import { HorizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'
import { KnativeAutoscaler } from './knative-autoscaler.ts'
import { readKedaSettings, readKnativeSettings } from './shipped-settings.ts'
import { simulate, type Instance, type Outcome, type Simulation } from './simulate.ts'

const hour = 3600
export const sliceSeconds = 300
const seed = 1

/** In units of what one CPU instance of the manifests can do, so that every instance meets the same requests. */
export const day = { peak: 3, burst: 4, burstFrom: 20 * hour, burstSeconds: 600, quietHour: 4 }

/** From the decision to the start of the process. Assumed, not measured: they are the cluster's. */
export const assumedStartSeconds = {
  /** Scheduling, sandbox, image present on the node, one probe. */
  pod: 5,
  /** A node with a GPU has to be made first. */
  gpuNode: 120,
}

export interface Scenario {
  readonly title: string
  /** Images in work that each replica is meant to have. */
  readonly target: number
  readonly outcome: Outcome
  /** Images/s of one replica with all of its cores at work. */
  readonly replicaPerSecond: number
}

/** Requests a second: a cosine over the day, cut off at night, and a burst in the evening. */
export function rateOf (second: number, unit: number): number {
  const wave = (1 - Math.cos(2 * Math.PI * (second / hour - day.quietHour) / 24)) / 2
  const isBurst = second >= day.burstFrom && second < day.burstFrom + day.burstSeconds
  return unit * (day.peak * Math.max(0, 1.1 * wave - 0.1) + (isBurst ? day.burst : 0))
}

/** @param target - Instead of the shipped one. */
export function simulateKeda (gpu: boolean, target?: number): Scenario {
  const shipped = readKedaSettings(gpu)
  const autoscaling = { ...shipped.autoscaling, ...(target !== undefined && { target }) }
  const { cores, maxInWork } = shipped
  return runScenario(`KEDA, ${cores} cores${gpu ? ' and a GPU' : ''}`, autoscaling.target, gpu, {
    autoscaler: new HorizontalPodAutoscaler(autoscaling),
    instance: { cores, maxInWork },
    platform: { balancing: 'random', holdSeconds: undefined },
  })
}

/** @param target - Instead of the shipped one. */
export function simulateKnative (target?: number): Scenario {
  const shipped = readKnativeSettings()
  const autoscaling = { ...shipped.autoscaling, ...(target !== undefined && { target }) }
  const { cores, maxInWork, holdSeconds } = shipped
  return runScenario(`Knative, ${cores} cores`, autoscaling.target, false, {
    autoscaler: new KnativeAutoscaler(autoscaling),
    instance: { cores, maxInWork },
    platform: { balancing: 'least', holdSeconds },
  })
}

interface Parts extends Pick<Simulation, 'autoscaler' | 'platform'> { readonly instance: Pick<Instance, 'cores' | 'maxInWork'> }

function runScenario (title: string, target: number, gpu: boolean, { instance, ...parts }: Parts): Scenario {
  const { cpuMs: { web }, startMs } = readMeasured()
  const serviceSeconds = gpu ? decodeSeconds(web) : totalSeconds(web)
  const startSeconds = startMs / 1000 + (gpu ? assumedStartSeconds.gpuNode : assumedStartSeconds.pod)
  const unit = readKedaSettings(false).cores / totalSeconds(web)
  const outcome = simulate({
    ...parts,
    instance: { ...instance, startSeconds, serviceSeconds: () => serviceSeconds },
    seconds: 24 * hour,
    rate: (second) => rateOf(second, unit),
    sliceSeconds,
    seed,
  })
  return { title, target, outcome, replicaPerSecond: instance.cores / serviceSeconds }
}
