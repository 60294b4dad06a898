import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bestOf } from '../../../loadtest/peers/bars/bare-python.ts'
import { parseCoreList } from '../../../loadtest/peers/bars/core-scaling.ts'

test('a list of cores is read as Linux writes it', () => {
  assert.deepEqual(parseCoreList('0-1'), [0, 1])
  assert.deepEqual(parseCoreList('3,5-7'), [3, 5, 6, 7])
  assert.deepEqual(parseCoreList('2'), [2])
  assert.deepEqual(parseCoreList(''), [])
})

test('the bare graph counts at its best batch', () => {
  assert.equal(bestOf({ prepareMs: 4, runMs: { 1: 6.5, 8: 6 } }), 10)
})
