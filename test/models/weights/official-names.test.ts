import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toOfficialNames } from '../../../models/weights/official-names.ts'
import type { StateDict } from '../../../models/weights/state-dict.ts'

const official = ['conv_stem.weight', 'bn1.weight', 'bn1.bias', 'bn1.running_mean', 'bn1.running_var', 'blocks.3.0.se.conv_reduce.bias',
  'blocks.9.0.conv.weight', 'blocks.9.0.bn1.weight', 'blocks.9.0.bn1.bias', 'classifier.bias']
const mindSpore = ['conv_stem.weight', 'bn1.gamma', 'bn1.beta', 'bn1.moving_mean', 'bn1.moving_variance', 'blocks.3.0.se.conv_reduce.bias',
  'blocks.9.features.0.weight', 'blocks.9.features.1.gamma', 'blocks.9.features.1.beta', 'classifier.bias']

/** Each tensor holds its place in the list, so that a test sees which one a name ended up with. */
function stateDict (...names: string[]): StateDict {
  return new Map(names.map((name, place) => [name, { shape: [1], data: Float32Array.of(place) }]))
}

function placesOf (tensors: StateDict): Array<[string, number]> {
  return [...tensors].map(([name, { data }]) => [name, data[0]!])
}

const expected = official.map((name, place): [string, number] => [name, place])

test('official names stay', () => {
  assert.deepEqual(placesOf(toOfficialNames(stateDict(...official))), expected)
})

test('MindCV names become official ones, of today and of 2022', () => {
  assert.deepEqual(placesOf(toOfficialNames(stateDict(...mindSpore))), expected)
  const of2022 = mindSpore.map((name) => name.replace('features.0', '0.conv').replace('features.1', '0.bn1'))
  assert.deepEqual(placesOf(toOfficialNames(stateDict(...of2022))), expected)
})

test('prefixes of wrappers are stripped where every name has them', () => {
  for (const prefix of ['module.', 'model.', 'network.', 'backbone.', '_orig_mod.', 'module.module.', 'module._orig_mod.model.']) {
    assert.deepEqual(placesOf(toOfficialNames(stateDict(...official.map((name) => prefix + name)))), expected, prefix)
  }
  assert.deepEqual([...toOfficialNames(stateDict('module.bn1.bias', 'bn1.weight')).keys()], ['module.bn1.bias', 'bn1.weight'])
})

test('counters and the state of training are left out', () => {
  const beside = ['bn1.num_batches_tracked', 'total_ops', 'bn1.total_params', 'moments.bn1.gamma', 'network.moments.bn1.gamma', 'moment1.bn1.gamma',
    'accum.bn1.gamma', 'learning_rate', 'global_step', 'scale_sense', 'current_iterator_step', 'last_overflow_iterator_step']
  assert.deepEqual(placesOf(toOfficialNames(stateDict(...official, ...beside))), expected)
  assert.deepEqual(placesOf(toOfficialNames(stateDict(...official.map((name) => `network.${name}`), ...beside))), expected)
  const scalar: StateDict = new Map([...stateDict(...official), ['some_new_counter', { shape: [], data: Float32Array.of(1) }]])
  assert.deepEqual(placesOf(toOfficialNames(scalar)), expected)
})

test('averaged copies are used if there is one of each tensor', () => {
  const averaged = mindSpore.map((name) => `ema.${name}`)
  const offset = expected.map(([name, place]): [string, number] => [name, place + official.length])
  assert.deepEqual(placesOf(toOfficialNames(stateDict(...mindSpore, ...averaged))), offset)
  assert.deepEqual(placesOf(toOfficialNames(stateDict(...averaged))), expected)
  assert.deepEqual(placesOf(toOfficialNames(stateDict(...mindSpore, ...averaged.slice(1)))), expected)
})

const foreign = [
  { name: 'features.0.0.weight', message: /"features\.0\.0\.weight" is named as in the older iamhankai and d-li14 GhostNet, whose squeeze-excite gate is clamp/ },
  { name: 'module.features.3.conv.0.primary_conv.0.weight', message: /clamp/ },
  { name: 'squeeze.0.weight', message: /PaddleClas/ },
  { name: 'conv_last.weight', message: /PaddleClas/ },
  { name: 'blocks.2.0.ghost1.short_conv.0.weight', message: /GhostNetV2 or GhostNetV3/ },
  { name: 'blocks.2.0.ghost1.primary_rpr_skip.weight', message: /GhostNetV2 or GhostNetV3/ },
]

for (const { name, message } of foreign) {
  test(`rejects the foreign network of ${name}`, () => {
    assert.throws(() => toOfficialNames(stateDict(name)), { name: 'CheckpointError', code: 'CHECKPOINT_FOREIGN', message })
  })
}

test('two tensors that stand for one are rejected', () => {
  assert.throws(() => toOfficialNames(stateDict('bn1.gamma', 'bn1.weight')), { code: 'CHECKPOINT_INVALID', message: /Two tensors of the checkpoint stand for "bn1\.weight"/ })
})

test('hostile names cost no more than they are long', () => {
  const name = 'module.'.repeat(500_000) + 'short_conv'.repeat(100_000)
  assert.equal(toOfficialNames(stateDict(name)).size, 1)
  assert.deepEqual([...toOfficialNames(stateDict('__proto__')).keys()], ['__proto__'])
})
