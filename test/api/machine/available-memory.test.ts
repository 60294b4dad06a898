import assert from 'node:assert/strict'
import test from 'node:test'
import { residentLimits } from '../../../api/machine/available-memory.ts'

test('readiness ends above the memory at which load is shed', () => {
  assert.deepEqual(residentLimits(900), { soft: 900, hard: 950 })
  const { soft, hard } = residentLimits(0)
  assert.ok(soft < hard && soft > 0)
})
