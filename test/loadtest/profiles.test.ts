import assert from 'node:assert/strict'
import test from 'node:test'
import type { Lab } from '../../loadtest/lab.ts'
import { profiles } from '../../loadtest/profiles.ts'
import type { Stretch } from '../../loadtest/poisson.ts'
import type { Step } from '../../loadtest/step.ts'
import { exampleHistory } from './example-history.ts'

const options = { users: 16, seconds: 30, boundMs: 100, overloadFactor: 10, log: () => {} }
const [example] = exampleHistory()[0]!.steps
const latency = example!.latencyMs!
const step = (p99: number, more: Partial<Step> = {}): Step =>
  ({ ...example!, latencyMs: { ...latency, percentiles: { ...latency.percentiles, 99: p99 } }, requestsPerSecond: 100, ...more })

/** A bench whose service has a p99 of 50 ms up to a rate of 90/s and whose sender keeps up to `senderLimit`. */
function bench (senderLimit: number): Pick<Lab, 'runClosed' | 'runOpen'> {
  return {
    runClosed: async () => step(50),
    runOpen: async ([stretch]: readonly Stretch[]) =>
      step(stretch!.perSecond > 90 ? 200 : 50, { voidReasons: stretch!.perSecond > senderLimit ? ['The sender was late.'] : [] }),
  }
}

test('capacity is the highest rate within the bound, and its last step stands for it', async () => {
  const outcome = await profiles.capacity.run(bench(Infinity) as Lab, options)
  assert.ok(outcome.capacityPerSecond! > 86 && outcome.capacityPerSecond! <= 90)
  assert.equal(outcome.headline, outcome.steps.length - 1)
  assert.deepEqual(outcome.voidReasons, [])
})

test('where it was the sender that set the limit, the capacity is void and says so', async () => {
  const { capacityPerSecond, voidReasons } = await profiles.capacity.run(bench(80) as Lab, options)
  assert.ok(capacityPerSecond! <= 80)
  assert.equal(voidReasons.length, 1)
  assert.match(voidReasons[0]!, /^At 8\d\.\d\/s: The sender was late\.$/)
})
