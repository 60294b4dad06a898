import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Storage, TensorView } from '../../../models/weights/pytorch-globals.ts'
import { decodeTensors, findTensorViews } from '../../../models/weights/pytorch-tensors.ts'
import type { StateDict } from '../../../models/weights/state-dict.ts'
import { float32Bytes } from './checkpoint-bytes.ts'

const six = new Storage('0', 'float32', 6)
const storages = new Map([['0', float32Bytes(0, 1, 2, 3, 4, 5)]])
const decode = (views: Record<string, TensorView>): StateDict => decodeTensors(new Map(Object.entries(views)), storages)
const view = (offset: unknown, shape: unknown[], strides: unknown[], storage = six): TensorView => {
  return new TensorView(storage, offset, shape, strides)
}

test('a view decodes in C order, however it lies in its storage', () => {
  const layouts = [
    { what: 'whole', tensor: view(0, [2, 3], [3, 1]), values: [0, 1, 2, 3, 4, 5] },
    { what: 'transposed', tensor: view(0, [3, 2], [1, 3]), values: [0, 3, 1, 4, 2, 5] },
    { what: 'at an offset', tensor: view(2, [3], [1]), values: [2, 3, 4] },
    { what: 'every other', tensor: view(1, [3], [2]), values: [1, 3, 5] },
    { what: 'a column', tensor: view(1, [2, 1], [3, 99]), values: [1, 4] },
    { what: 'expanded', tensor: view(5, [2, 2], [0, 0]), values: [5, 5, 5, 5] },
    { what: 'permuted', tensor: view(0, [3, 1, 2], [1, 6, 3]), values: [0, 3, 1, 4, 2, 5] },
    { what: 'a scalar', tensor: view(4, [], []), values: [4] },
    { what: 'empty', tensor: view(99, [0, 3], [3, 1]), values: [] },
  ]
  for (const { what, tensor, values } of layouts) {
    const decoded = decode({ tensor }).get('tensor')!
    assert.deepEqual([...decoded.data], values, what)
    assert.deepEqual(decoded.shape, tensor.shape, what)
  }
})

const refused = [
  { what: 'a view that reaches past its storage', tensor: view(1, [6], [1]), message: /"a" of shape \[6\] does not fit its storage of 6 values/ },
  { what: 'a stride that reaches past its storage', tensor: view(0, [2], [6]), message: /does not fit/ },
  { what: 'a shape that repeats one element a million times', tensor: view(0, [1000, 1000], [0, 0]), message: /does not fit/ },
  { what: 'an astronomic shape', tensor: view(0, [2 ** 50, 2 ** 50], [1, 1]), message: /does not fit/ },
  { what: 'a negative stride', tensor: view(5, [6], [-1]), message: /malformed offset or strides/ },
  { what: 'a negative offset', tensor: view(-1, [1], [1]), message: /malformed offset or strides/ },
  { what: 'fewer strides than dimensions', tensor: view(0, [2, 3], [1]), message: /malformed offset or strides for its 2 dimensions/ },
  { what: 'an offset beyond integers', tensor: view(2n ** 70n, [1], [1]), message: /malformed offset/ },
  { what: 'a shape of text', tensor: view(0, ['6'], [1]), message: /"a" has the shape \[string\]/ },
  { what: 'a missing storage', tensor: view(0, [1], [1], new Storage('9', 'float32', 1)), message: /expects the storage "9" to hold 1 float32 values, but it is missing/ },
  { what: 'a storage of another length', tensor: view(0, [1], [1], new Storage('0', 'float16', 6)), message: /to hold 6 float16 values, but it has 24 bytes/ },
]

for (const { what, tensor, message } of refused) {
  test(`rejects ${what}`, () => {
    assert.throws(() => decode({ a: tensor }), { name: 'CheckpointError', code: 'CHECKPOINT_INVALID', message })
  })
}

test('a storage may be tied twice but not multiplied', () => {
  const whole = view(0, [6], [1])
  assert.equal(decode({ a: whole, b: whole }).size, 2)
  assert.throws(() => decode({ a: whole, b: whole, c: view(0, [1], [1]) }), { code: 'CHECKPOINT_TOO_LARGE', message: /"0" is used more than 2 times over, lastly by tensor "c"/ })
})

const weights = (marker: number): Map<unknown, unknown> => new Map([['a', view(marker, [1], [1])]])
const offsetOf = (root: unknown): unknown => findTensorViews(root).get('a')?.offset

test('the state dict is found bare or wrapped, and averaged weights are preferred', () => {
  assert.equal(offsetOf(weights(0)), 0)
  for (const key of ['state_dict_ema', 'model_ema', 'ema', 'state_dict', 'model', 'network']) {
    assert.equal(offsetOf(new Map<unknown, unknown>([['epoch', 3], [key, weights(1)]])), 1, key)
  }
  assert.equal(offsetOf(new Map<unknown, unknown>([['state_dict', weights(1)], ['state_dict_ema', weights(2)], ['model', weights(3)]])), 2)
  assert.equal(offsetOf(new Map<unknown, unknown>([['ema', 0.999], ['model_ema', new Map()], ['state_dict', weights(1)]])), 1)
  assert.equal(offsetOf(new Map<unknown, unknown>([['state_dict', weights(1)], ['weights', 'averaged']])), 1) // a best.pth of models/training
})

test('integers and other values next to the tensors are left out', () => {
  const counter = view(0, [], [], new Storage('1', 'int64', 1))
  const views = findTensorViews(new Map<unknown, unknown>([['a', view(0, [1], [1])], ['n', counter], [7, view(0, [1], [1])], ['epoch', 3]]))
  assert.deepEqual([...views.keys()], ['a'])
})

test('a checkpoint without tensors is rejected with what it holds', () => {
  const refusal = (message: RegExp): object => ({ code: 'CHECKPOINT_INVALID', message })
  assert.throws(() => findTensorViews(new Map<unknown, unknown>([['epoch', 3], ['best', 0.7]])), refusal(/found the keys "epoch, best"/))
  assert.throws(() => findTensorViews(view(0, [1], [1])), refusal(/found a single tensor/))
  assert.throws(() => findTensorViews(3), refusal(/found a number/))
})
