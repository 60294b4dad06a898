import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageRoot } from '../../models/package-root.ts'
import { generateTensor, isLearned } from '../golden/generated-weights.ts'

type StateDicts = Record<string, { learnedSha256: string, shapes: Record<string, number[]> }>
const stateDicts: StateDicts = JSON.parse(readFileSync(join(packageRoot, 'test/golden/state-dicts.json'), 'utf8'))

for (const [variant, { learnedSha256, shapes }] of Object.entries(stateDicts)) {
  test(`the generator makes the same bits of ${variant} as the one in Python`, () => {
    const digest = createHash('sha256')
    for (const [name, shape] of Object.entries(shapes)) {
      if (!isLearned(name)) continue
      const { data } = generateTensor(name, shape)
      digest.update(new Uint8Array(data.buffer))
    }
    assert.equal(digest.digest('hex'), learnedSha256)
  })
}
