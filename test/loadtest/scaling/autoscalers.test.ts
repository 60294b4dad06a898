/** What the two autoscalers decide, step by step, with the settings as shipped. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Autoscaler } from '../../../loadtest/scaling/autoscaler.ts'
import { HorizontalPodAutoscaler } from '../../../loadtest/scaling/horizontal-pod-autoscaler.ts'
import { KnativeAutoscaler } from '../../../loadtest/scaling/knative-autoscaler.ts'
import { readKedaSettings, readKnativeSettings } from '../../../loadtest/scaling/shipped-settings.ts'

/** Replicas by the second, every one ready at once. */
function follow (autoscaler: Autoscaler, seconds: number, inWork: (second: number, replicas: number) => number, first = 1): number[] {
  const wanted: number[] = []
  for (let second = 0, replicas = first; second < seconds; second++) {
    replicas = autoscaler.decide(second, { inWork: inWork(second, replicas), ready: replicas, wanted: replicas })
    wanted.push(replicas)
  }
  return wanted
}

/** Second -> replicas, where they change. */
const changes = (wanted: readonly number[]): Array<[number, number]> =>
  wanted.flatMap((replicas, second): Array<[number, number]> => replicas === (wanted[second - 1] ?? 1) ? [] : [[second, replicas]])

/** Round numbers to follow: the pace is the shipped one, the target is not. */
const target = 32
const keda = (): HorizontalPodAutoscaler => new HorizontalPodAutoscaler({ ...readKedaSettings(false).autoscaling, target })
const knative = (): KnativeAutoscaler => new KnativeAutoscaler({ ...readKnativeSettings().autoscaling, target })

test('the manifests are read as they are', () => {
  assert.deepEqual(readKedaSettings(false), {
    autoscaling: {
      minReplicas: 1,
      maxReplicas: 8,
      target: 3,
      scrapeSeconds: 10,
      averageSeconds: 30,
      scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 2, periodSeconds: 30 }] },
      scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
    },
    cores: 2,
    maxInWork: 128,
  })
  const { cores, autoscaling: { target } } = readKedaSettings(true)
  assert.deepEqual({ cores, target }, { cores: 4, target: 4 })
  assert.deepEqual(readKnativeSettings(), {
    autoscaling: { minScale: 0, maxScale: 8, target: 3, scaleDownDelaySeconds: 120 }, cores: 2, maxInWork: 64, holdSeconds: 30,
  })
})

test('KEDA: a full queue adds two replicas in thirty seconds, up to the highest number', () => {
  assert.deepEqual(changes(follow(keda(), 120, () => 1000)), [[0, 3], [30, 5], [60, 7], [90, 8]])
})

test('KEDA: within a tenth of the target nothing changes', () => {
  assert.deepEqual(changes(follow(keda(), 600, () => 35)), [])
  assert.deepEqual(changes(follow(keda(), 600, () => 36)), [[0, 2]])
})

test('KEDA: the mean of three scrapes decides, not the last one', () => {
  assert.deepEqual(changes(follow(keda(), 100, (second) => second === 40 ? 90 : 2)), [])
})

test('KEDA: down after five minutes, by one a minute', () => {
  const wanted = follow(keda(), 900, (second) => second < 90 ? 120 : 2)
  assert.deepEqual(changes(wanted).slice(0, 2), [[0, 3], [30, 4]])
  const down = changes(wanted).slice(2)
  assert.deepEqual(down.map(([, replicas]) => replicas), [3, 2, 1])
  assert.ok(down[0]![0] >= 75 + 300 && down[0]![0] <= 75 + 360, `first at ${down[0]![0]} s`)
  for (const [i, [second]] of down.slice(1).entries()) assert.ok(second - down[i]![0] >= 60)
})

test('Knative: a sudden load is met within seconds', () => {
  const wanted = follow(knative(), 60, (second) => second < 30 ? 10 : 150)
  assert.equal(wanted[29], 1)
  const [[panicked, replicas]] = changes(wanted) as [[number, number]]
  assert.ok(panicked <= 34, `at ${panicked} s`)
  assert.ok(replicas > 1)
  assert.equal(wanted[40], 7) // 150 of 0.7 times 32
})

test('Knative: the utilisation of 70 % counts', () => {
  assert.equal(follow(knative(), 300, () => 40).at(-1), 2)
  assert.equal(follow(knative(), 300, () => 22).at(-1), 1)
})

test('Knative: to zero after the window and the delay, and back with the first request', () => {
  const wanted = follow(knative(), 400, (second) => second < 10 || second === 300 ? 1 : 0)
  const [toZero, back] = changes(wanted)
  assert.ok(toZero![0] > 10 + 60 + 120 - 5 && toZero![0] < 10 + 60 + 120 + 5, `at ${toZero![0]} s`)
  assert.deepEqual(back, [300, 1])
})
