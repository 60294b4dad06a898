import assert from 'node:assert/strict'
import test from 'node:test'
import { findCapacity } from '../../loadtest/capacity.ts'

const search = { low: 50, high: 200, resolution: 1.04, confirmations: 2 }

/** A service that holds up to `limit`, and what was asked of it. */
function service (limit: number): { asked: number[], holds: (rate: number) => Promise<boolean> } {
  const asked: number[] = []
  return {
    asked,
    holds: async (rate) => {
      asked.push(rate)
      return rate <= limit
    },
  }
}

for (const limit of [51, 120, 199]) {
  test(`finds a capacity of ${limit} between the guesses, to 4 %`, async () => {
    const { holds } = service(limit)
    const { rate, failsAt } = await findCapacity(search, holds)
    assert.ok(rate! <= limit && rate! * 1.04 >= limit, `${rate}`)
    assert.ok(failsAt > limit && failsAt / rate! <= 1.04 + 1e-9)
  })
}

test('looks above and below where the guesses are wrong', async () => {
  for (const limit of [9, 900]) {
    const { rate } = await findCapacity(search, service(limit).holds)
    assert.ok(rate! <= limit && rate! * 1.04 >= limit, `${rate} of ${limit}`)
  }
})

test('confirms the capacity twice', async () => {
  const { asked, holds } = service(120)
  const { rate } = await findCapacity(search, holds)
  assert.deepEqual(asked.slice(-2), [rate, rate])
})

test('a rate that does not hold again is not the capacity', async () => {
  const seen = new Map<number, number>()
  // Every rate above 80 held once by luck.
  const holds = async (rate: number): Promise<boolean> => {
    seen.set(rate, (seen.get(rate) ?? 0) + 1)
    return rate <= 80 || (rate <= 120 && seen.get(rate) === 1)
  }
  const { rate } = await findCapacity(search, holds)
  assert.ok(rate! <= 80, `${rate}`)
})

test('nothing holds: there is no capacity, and the search ends', async () => {
  const { rate } = await findCapacity(search, async () => false)
  assert.equal(rate, undefined)
})
