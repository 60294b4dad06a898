import assert from 'node:assert/strict'
import test from 'node:test'
import { runTarget } from './run-target.ts'
import { targets, type TargetName } from './targets.ts'

for (const name of Object.keys(targets) as TargetName[]) {
  test(`a second of mutated ${name} is read or rejected, without a crash, a hang or an undocumented error`, async (t) => {
    const { iterations, finding } = await runTarget(name, 4, 1)
    assert.equal(finding, undefined)
    assert.ok(iterations > 0)
    t.diagnostic(`${iterations} inputs`)
  })

  test(`the inputs for ${name} can be made again`, () => {
    const { makeInput } = targets[name]
    const inputs = Array.from({ length: 20 }, (_, iteration) => makeInput(7, iteration))
    assert.deepEqual(inputs, Array.from({ length: 20 }, (_, iteration) => makeInput(7, iteration)))
    assert.ok(new Set(inputs.map((input) => input.toString('latin1'))).size > 15)
  })
}
