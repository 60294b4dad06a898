import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPyTorchLegacy, startsLikePyTorchLegacy } from '../../../models/weights/pytorch-legacy.ts'
import { buildPyTorchLegacy, float32Bytes } from './checkpoint-bytes.ts'
import { dict, int, list, long, none, pickle, storage, tensor, text, tuple } from './pickle-bytes.ts'

const weight = dict({ a: tensor(storage('FloatStorage', '93850', 3, none), 0, [3], [1]) })
const content = float32Bytes(1, 2, 3)

test('reads what torch.save wrote before 1.6', () => {
  const object = dict({
    a: tensor(storage('FloatStorage', '93850', 3, none), 1, [2], [1]),
    n: tensor(storage('LongStorage', '93851', 1, none), 0, [], []),
    b: tensor(storage('DoubleStorage', '93852', 1, none), 0, [1], [1]),
  })
  const double = Buffer.alloc(8)
  double.writeDoubleLE(0.5)
  const tensors = readPyTorchLegacy(buildPyTorchLegacy(object, { 93850: [3, content], 93851: [1, Buffer.alloc(8)], 93852: [1, double] }))
  assert.deepEqual([...tensors].map(([name, { data }]) => [name, [...data]]), [['a', [2, 3]], ['b', [0.5]]])
})

test('a file is recognised by its magic number, in any protocol', () => {
  assert.ok(startsLikePyTorchLegacy(pickle(long(0x1950a86a20f9469cfc6cn))))
  assert.ok(startsLikePyTorchLegacy(Buffer.from('8004950d000000000000008a0a6cfc9c46f9206aa850192e', 'hex')))
  assert.equal(startsLikePyTorchLegacy(pickle(long(7n))), false)
})

const refused = [
  { what: 'another magic number', bytes: pickle(long(7n)), code: 'CHECKPOINT_INVALID', message: /magic number/ },
  { what: 'another protocol version', bytes: buildPyTorchLegacy(weight, {}, { protocolVersion: 1002 }), code: 'CHECKPOINT_INVALID', message: /expected protocol version 1001/ },
  { what: 'a big-endian machine', bytes: buildPyTorchLegacy(weight, {}, { system: dict({ little_endian: Buffer.from('\x89', 'latin1') }) }), code: 'CHECKPOINT_UNSUPPORTED', message: /big-endian/ },
  { what: 'storage keys that are no list', bytes: buildPyTorchLegacy(weight, {}, { keys: int(1) }), code: 'CHECKPOINT_INVALID', message: /expected a list of storage keys/ },
  { what: 'a storage key that nothing uses', bytes: buildPyTorchLegacy(weight, {}, { keys: list(text('1')) }), code: 'CHECKPOINT_INVALID', message: /names one twice or one that no tensor uses/ },
  { what: 'a storage key twice', bytes: buildPyTorchLegacy(weight, { 93850: [3, content] }, { keys: list(text('93850'), text('93850')) }), code: 'CHECKPOINT_INVALID', message: /names one twice/ },
  { what: 'a storage that its keys leave out', bytes: buildPyTorchLegacy(weight, {}), code: 'CHECKPOINT_INVALID', message: /expects the storage "93850" to hold 3 float32 values, but it is missing/ },
  { what: 'a storage past the end', bytes: buildPyTorchLegacy(weight, { 93850: [3, content.subarray(1)] }), code: 'CHECKPOINT_TRUNCATED', message: /the storage "93850" runs to byte/ },
  { what: 'a storage of another length', bytes: buildPyTorchLegacy(weight, { 93850: [4, content] }), code: 'CHECKPOINT_INVALID', message: /"93850" has 4 values where its tensors expect 3/ },
  { what: 'a storage of a huge declared size', bytes: buildPyTorchLegacy(dict({ a: tensor(storage('FloatStorage', '0', 2 ** 31 - 1, none), 0, [1], [1]) }), { 0: [2 ** 31 - 1, content] }), code: 'CHECKPOINT_TRUNCATED', message: /runs to byte 8589934/ },
  { what: 'a storage that is a view', bytes: buildPyTorchLegacy(dict({ a: tensor(storage('FloatStorage', '0', 3, tuple(text('1'), int(0), int(3))), 0, [3], [1]) }), {}), code: 'CHECKPOINT_UNSUPPORTED', message: /view of another one/ },
]

for (const { what, bytes, code, message } of refused) {
  test(`rejects ${what}`, () => {
    assert.throws(() => readPyTorchLegacy(bytes), { name: 'CheckpointError', code, message })
  })
}
