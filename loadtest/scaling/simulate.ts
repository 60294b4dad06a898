/** A day of requests against replicas that an autoscaler starts and ends. Deterministic: the same seed gives the same day. */
import { seededUniform } from '../poisson.ts'
import type { Autoscaler } from './autoscaler.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { Replica } from './replica.ts'

/** What stands before the replicas. */
export interface Platform {
  /** `random`: any ready replica, as a Kubernetes service does. `least`: the one with the least in work, as Knative's activator does. */
  readonly balancing: 'random' | 'least'
  /** Requests that a replica cannot take wait before it, for so long at most; undefined: they are refused. */
  readonly holdSeconds: number | undefined
}

export interface Instance {
  readonly cores: number
  /** CPU seconds of one image on one core. */
  readonly serviceSeconds: () => number
  /** Images in work above which it takes no more. */
  readonly maxInWork: number
  /** From the decision to the first request. */
  readonly startSeconds: number
}

export interface Simulation {
  readonly seconds: number
  /** Requests a second in a second of the day; constant within it. */
  readonly rate: (second: number) => number
  readonly instance: Instance
  readonly platform: Platform
  readonly autoscaler: Autoscaler
  readonly sliceSeconds: number
  readonly seed: number
}

/** A stretch of the day. Requests count in the slice in which they came. */
export interface Slice {
  readonly fromSecond: number
  offered: number
  refused: number
  /** Sum over its seconds. */
  readyReplicaSeconds: number
  readonly latency: LatencyHistogram
}

export interface Outcome {
  readonly slices: readonly Slice[]
  readonly latency: LatencyHistogram
  readonly offered: number
  readonly refused: number
  /** Of replicas from the decision to start them to the decision to end them: what is paid for. */
  readonly replicaSeconds: number
  readonly starts: number
}

/** How often the held requests are looked after. */
const stepsASecond = 10

export function simulate ({ seconds, rate, instance, platform, autoscaler, sliceSeconds, seed }: Simulation): Outcome {
  const uniform = seededUniform(seed)
  const { cores, serviceSeconds, maxInWork, startSeconds } = instance
  const slices = Array.from({ length: Math.ceil(seconds / sliceSeconds) }, (_, i): Slice =>
    ({ fromSecond: i * sliceSeconds, offered: 0, refused: 0, readyReplicaSeconds: 0, latency: new LatencyHistogram() }))
  const newReplica = (readyAt: number): Replica => new Replica(cores, maxInWork, readyAt)
  let replicas = Array.from({ length: autoscaler.minReplicas }, () => newReplica(0))
  let ready = replicas
  let held: number[] = []
  let [replicaSeconds, starts] = [0, 0]

  const choose = (now: number): Replica | undefined => {
    if (platform.balancing === 'random') return ready[Math.floor((1 - uniform()) * ready.length)]
    let least = ready[0]
    for (const replica of ready) if (replica.inWork(now) < least!.inWork(now)) least = replica
    return least
  }
  /** @returns Whether a replica took it. */
  const serve = (arrivedAt: number, now: number): boolean => {
    const departure = choose(now)?.admit(now, serviceSeconds())
    if (departure === undefined) return false
    slices[Math.floor(arrivedAt / sliceSeconds)]!.latency.add(departure - arrivedAt)
    return true
  }
  const refuse = (arrivedAt: number): void => { slices[Math.floor(arrivedAt / sliceSeconds)]!.refused++ }
  const lookAfterHeld = (now: number): void => {
    let first = 0
    for (; first < held.length; first++) {
      if (now - held[first]! > platform.holdSeconds!) refuse(held[first]!)
      else if (!serve(held[first]!, now)) break
    }
    if (first > 0) held = held.slice(first)
  }

  for (let second = 0; second < seconds; second++) {
    const inWork = replicas.reduce((sum, replica) => sum + replica.inWork(second), held.length)
    const wanted = autoscaler.decide(second, { inWork, ready: ready.length, wanted: replicas.length })
    if (wanted < replicas.length) {
      // Those that still start go first, then the youngest; they answer what they have.
      replicas = replicas.slice(0, wanted)
    } else if (wanted > replicas.length) {
      starts += wanted - replicas.length
      replicas = [...replicas, ...Array.from({ length: wanted - replicas.length }, () => newReplica(second + startSeconds))]
    }
    const slice = slices[Math.floor(second / sliceSeconds)]!
    for (let step = 0; step < stepsASecond; step++) {
      const [from, until] = [second + step / stepsASecond, second + (step + 1) / stepsASecond]
      ready = replicas.filter(({ readyAt }) => readyAt <= from)
      if (held.length > 0) lookAfterHeld(from)
      const perSecond = rate(second)
      for (let at = from - Math.log(uniform()) / perSecond; at < until; at -= Math.log(uniform()) / perSecond) {
        slice.offered++
        if (held.length > 0) lookAfterHeld(at)
        if (held.length === 0 && serve(at, at)) continue
        if (platform.holdSeconds === undefined) refuse(at)
        else held.push(at)
      }
    }
    slice.readyReplicaSeconds += ready.length
    replicaSeconds += replicas.length
  }

  const latency = new LatencyHistogram()
  for (const slice of slices) latency.addAll(slice.latency)
  const sum = (of: (slice: Slice) => number): number => slices.reduce((total, slice) => total + of(slice), 0)
  return { slices, latency, offered: sum(({ offered }) => offered), refused: sum(({ refused }) => refused), replicaSeconds, starts }
}
