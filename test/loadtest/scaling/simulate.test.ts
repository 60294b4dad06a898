/** The simulation against what queueing theory knows in closed form. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { seededUniform } from '../../../loadtest/poisson.ts'
import type { Autoscaler } from '../../../loadtest/scaling/autoscaler.ts'
import { simulate, type Instance, type Outcome, type Platform } from '../../../loadtest/scaling/simulate.ts'
import { Replica } from '../../../loadtest/scaling/replica.ts'

const uniform = seededUniform(7)
const exponential = (mean: number) => () => -Math.log(uniform()) * mean
const always = (replicas: number): Autoscaler => ({ minReplicas: replicas, decide: () => replicas })
const kubernetes: Platform = { balancing: 'random', holdSeconds: undefined }

interface Queue { perSecond: number, instance: Partial<Instance>, replicas?: number, platform?: Platform }

function run ({ perSecond, instance, replicas = 1, platform = kubernetes }: Queue): Outcome {
  return simulate({
    seconds: 4000,
    rate: () => perSecond,
    instance: { cores: 1, maxInWork: Infinity, startSeconds: 0, serviceSeconds: () => 0.01, ...instance },
    platform,
    autoscaler: always(replicas),
    sliceSeconds: 4000,
    seed: 3,
  })
}

/** Of single waits, from a replica alone: the histogram has no mean. */
function meanWait (cores: number, perSecond: number, serviceSeconds: () => number): number {
  const replica = new Replica(cores, Infinity, 0)
  const count = 400_000
  let [now, sum] = [0, 0]
  for (let i = 0; i < count; i++) {
    now -= Math.log(uniform()) / perSecond
    const service = serviceSeconds()
    sum += replica.admit(now, service)! - now - service
  }
  return sum / count
}

function isNear (actual: number, expected: number, relative: number): void {
  assert.ok(Math.abs(actual / expected - 1) < relative, `${actual}, expected ${expected} within ${relative * 100} %`)
}

test('M/D/1: the mean wait is that of Pollaczek and Khinchine', () => {
  const [service, load] = [0.01, 0.8]
  isNear(meanWait(1, load / service, () => service), load * service / (2 * (1 - load)), 0.03)
})

test('M/M/2: the mean wait is Erlang\'s', () => {
  const [service, load] = [0.01, 0.8]
  const offered = 2 * load
  const queued = offered ** 2 / 2 / (1 - load)
  const mustWait = queued / (1 + offered + queued)
  isNear(meanWait(2, offered / service, exponential(service)), mustWait * service / (2 * (1 - load)), 0.04)
})

test('two cores at nine tenths of what they can do have about six images in work, as docs/explanation/scaling.md says', () => {
  const [service, load] = [0.01, 0.9]
  const perSecond = 2 * load / service
  isNear((meanWait(2, perSecond, () => service) + service) * perSecond, 5.7, 0.1)
})

test('M/M/1: the 99th percentile of the time in the system is that of an exponential distribution', () => {
  const { latency, refused, offered } = run({ perSecond: 70, instance: { serviceSeconds: exponential(0.01) } })
  assert.equal(refused, 0)
  isNear(offered, 70 * 4000, 0.01)
  isNear(latency.quantile(0.99), Math.log(100) / (100 - 70), 0.05)
  isNear(latency.quantile(0.5), Math.log(2) / (100 - 70), 0.03)
})

test('M/M/1/5: the share of refusals is that of a truncated geometric distribution', () => {
  const load = 0.9
  const { refused, offered } = run({ perSecond: load * 100, instance: { maxInWork: 5, serviceSeconds: exponential(0.01) } })
  isNear(refused / offered, (1 - load) * load ** 5 / (1 - load ** 6), 0.04)
})

test('a random choice of four replicas is four queues of a quarter of the load', () => {
  const { latency } = run({ perSecond: 4 * 70, replicas: 4, instance: { serviceSeconds: exponential(0.01) } })
  isNear(latency.quantile(0.99), Math.log(100) / (100 - 70), 0.05)
})

test('what a platform holds waits for a replica, and is given up after its time', () => {
  const late: Autoscaler = { minReplicas: 0, decide: (second, { wanted }) => second >= 5 ? 1 : wanted }
  const day = (holdSeconds: number): Outcome => simulate({
    seconds: 20,
    rate: (second) => second < 1 ? 50 : 0,
    instance: { cores: 1, maxInWork: 64, startSeconds: 2, serviceSeconds: () => 0.01 },
    platform: { balancing: 'least', holdSeconds },
    autoscaler: late,
    sliceSeconds: 20,
    seed: 3,
  })
  const kept = day(30)
  assert.equal(kept.refused, 0)
  assert.equal(kept.latency.count, kept.offered)
  assert.ok(kept.latency.quantile(0) >= 5.9 && kept.latency.quantile(1) < 7.6, `${kept.latency.quantile(0)} to ${kept.latency.quantile(1)} s`)
  const dropped = day(4)
  assert.equal(dropped.refused, dropped.offered)
  assert.equal(dropped.latency.count, 0)
})

test('replicas are paid for from the decision on, and serve after their start', () => {
  const grows: Autoscaler = { minReplicas: 1, decide: (second) => second < 10 ? 1 : second < 20 ? 3 : 2 }
  const { replicaSeconds, starts, slices } = simulate({
    seconds: 30,
    rate: () => 1,
    instance: { cores: 1, maxInWork: 64, startSeconds: 4, serviceSeconds: () => 0.01 },
    platform: kubernetes,
    autoscaler: grows,
    sliceSeconds: 10,
    seed: 3,
  })
  assert.equal(replicaSeconds, 10 * 1 + 10 * 3 + 10 * 2)
  assert.equal(starts, 2)
  assert.deepEqual(slices.map(({ readyReplicaSeconds }) => readyReplicaSeconds), [10, 4 * 1 + 6 * 3, 20])
})

test('the same seed gives the same day, another one another', () => {
  const outcomeOf = (seed: number): number[] => {
    const { offered, latency } = simulate({
      seconds: 100,
      rate: () => 90,
      instance: { cores: 1, maxInWork: 64, startSeconds: 0, serviceSeconds: () => 0.01 },
      platform: kubernetes,
      autoscaler: always(1),
      sliceSeconds: 100,
      seed,
    })
    return [offered, latency.quantile(0.99)]
  }
  assert.deepEqual(outcomeOf(1), outcomeOf(1))
  assert.notDeepEqual(outcomeOf(1), outcomeOf(2))
})
