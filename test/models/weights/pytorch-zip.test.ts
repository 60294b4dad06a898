import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPyTorchZip } from '../../../models/weights/pytorch-zip.ts'
import { buildPyTorchZip, float32Bytes } from './checkpoint-bytes.ts'
import { dict, emptyOrderedDict, global, int, list, pickle, reduce, storage, tensor, text, tuple } from './pickle-bytes.ts'
import { buildZip, type ZipEntry } from './zip-bytes.ts'

const weight = dict({ a: tensor(storage('FloatStorage', '0', 3), 0, [3], [1]) })
const content = float32Bytes(1, 2, 3)
const entry = (name: string, bytes: Buffer, more: Partial<ZipEntry> = {}): ZipEntry => ({ name, content: bytes, ...more })
const valuesOf = async (bytes: Buffer): Promise<number[]> => [...(await readPyTorchZip(bytes)).get('a')!.data]

test('reads what torch.save writes', async () => {
  assert.deepEqual(await valuesOf(buildPyTorchZip(weight, { 0: content })), [1, 2, 3])
})

test('the root directory may have any name, several levels or none', async () => {
  for (const root of ['', 'état/', 'a/b/c/', '__proto__/']) {
    assert.deepEqual(await valuesOf(buildZip([entry(`${root}data.pkl`, pickle(weight)), entry(`${root}data/0`, content)])), [1, 2, 3], root)
  }
})

test('entries may be deflated', async () => {
  const bytes = buildZip([entry('x/data.pkl', pickle(weight), { deflate: true }), entry('x/data/0', content, { deflate: true })])
  assert.deepEqual(await valuesOf(bytes), [1, 2, 3])
})

test('parameters, sizes, dtypes and devices are read', async () => {
  const object = dict({
    a: reduce(global('torch._utils', '_rebuild_parameter'), tensor(storage('HalfStorage', '0', 1), 0, [1], [1]), int(1), emptyOrderedDict),
    size: reduce(global('torch', 'Size'), tuple(int(1))),
    device: reduce(global('torch', 'device'), text('cuda')),
    dtype: global('torch', 'float32'),
  })
  assert.deepEqual(await valuesOf(buildPyTorchZip(object, { 0: Buffer.from('003c', 'hex') })), [1])
})

test('an OrderedDict from a list of pairs, as Python 2 wrote it, is read', async () => {
  const pair = list(text('a'), tensor(storage('FloatStorage', '0', 3), 0, [3], [1]))
  assert.deepEqual(await valuesOf(buildPyTorchZip(reduce(global('collections', 'OrderedDict'), list(pair)), { 0: content })), [1, 2, 3])
})

test('a storage that only integers use is never read', async () => {
  const object = dict({ a: tensor(storage('FloatStorage', '0', 3), 0, [3], [1]), n: tensor(storage('LongStorage', 'missing', 1), 0, [], []) })
  assert.deepEqual(await valuesOf(buildPyTorchZip(object, { 0: content })), [1, 2, 3])
})

const shared = Array.from({ length: 40 }, (_, i) => i)

const refused = [
  { what: 'a zip without data.pkl', bytes: buildZip([entry('word/document.xml', content)]), code: 'CHECKPOINT_UNKNOWN_FORMAT', message: /zip archive without a data\.pkl/ },
  { what: 'a zip with two checkpoints', bytes: buildZip([entry('a/data.pkl', content), entry('b/data.pkl', content)]), code: 'CHECKPOINT_INVALID', message: /holds 2 checkpoints/ },
  { what: 'a TorchScript program', bytes: buildZip([entry('a/data.pkl', content), entry('a/constants.pkl', content)]), code: 'CHECKPOINT_UNSUPPORTED', message: /TorchScript/ },
  { what: 'a big-endian checkpoint', bytes: buildZip([entry('a/data.pkl', pickle(weight)), entry('a/byteorder', Buffer.from('big'))]), code: 'CHECKPOINT_UNSUPPORTED', message: /byte order is "big"/ },
  { what: 'an encrypted entry', bytes: buildZip([entry('a/data.pkl', pickle(weight), { flags: 1, declaredBytes: pickle(weight).length - 12 })]), code: 'CHECKPOINT_UNSUPPORTED', message: /"a\/data\.pkl" is encrypted/ },
  { what: 'a strongly encrypted entry', bytes: buildZip([entry('a/data.pkl', pickle(weight), { flags: 0x41 })]), code: 'CHECKPOINT_INVALID', message: /strong encryption/ },
  { what: 'another compression method', bytes: buildZip([entry('a/data.pkl', pickle(weight), { method: 14 })]), code: 'CHECKPOINT_UNSUPPORTED', message: /compression method 14/ },
  { what: 'two entries of one name', bytes: buildZip([entry('a/data.pkl', content), entry('a/data.pkl', content)]), code: 'CHECKPOINT_INVALID', message: /two entries are named/ },
  { what: 'more entries than its directory holds', bytes: buildZip([entry('a/data.pkl', content)], 65_000), code: 'CHECKPOINT_TRUNCATED', message: /cut short; its reader says "unexpected EOF"/ },
  { what: 'a path out of the archive', bytes: buildZip([entry('../data.pkl', content)]), code: 'CHECKPOINT_INVALID', message: /invalid relative path/ },
  { what: 'a deflated entry that inflates to a thousand times what it declares', bytes: buildZip([entry('a/data.pkl', Buffer.alloc(9999), { deflate: true, declaredBytes: 10 })]), code: 'CHECKPOINT_INVALID', message: /does not inflate to its 10 bytes/ },
  { what: 'a deflated entry that is shorter than it declares', bytes: buildZip([entry('a/data.pkl', Buffer.alloc(9), { deflate: true, declaredBytes: 10 })]), code: 'CHECKPOINT_INVALID', message: /inflates to 9 bytes; 10 were declared/ },
  { what: 'a deflated entry that is noise', bytes: buildZip([entry('a/data.pkl', Buffer.from('noise'), { method: 8 })]), code: 'CHECKPOINT_INVALID', message: /does not inflate/ },
  { what: 'a deflated entry that declares half a gigabyte', bytes: buildZip([entry('a/data.pkl', content, { deflate: true, declaredBytes: 2 ** 29 })]), code: 'CHECKPOINT_TOO_LARGE', message: /would inflate to more than 268435456 bytes/ },
  { what: 'a missing storage', bytes: buildZip([entry('a/data.pkl', pickle(weight))]), code: 'CHECKPOINT_INVALID', message: /"a" expects the storage "0" to hold 3 float32 values, but it is missing/ },
  { what: 'a storage that is too short', bytes: buildPyTorchZip(weight, { 0: content.subarray(4) }), code: 'CHECKPOINT_INVALID', message: /but it has 8 bytes/ },
  { what: 'a storage of a huge declared size', bytes: buildPyTorchZip(dict({ a: tensor(storage('FloatStorage', '0', 2 ** 31 - 1), 0, [2 ** 31 - 1], [1]) }), { 0: content }), code: 'CHECKPOINT_INVALID', message: /to hold 2147483647 float32 values, but it has 12 bytes/ },
  {
    what: 'entries that share one block of data',
    bytes: buildZip([
      entry('a/data.pkl', pickle(dict(Object.fromEntries(shared.map((i) => [`t${i}`, tensor(storage('FloatStorage', String(i), 2500), 0, [2500], [1])]))))),
      ...shared.map((i) => entry(`a/data/${i}`, Buffer.alloc(10_000), i === 0 ? {} : { sharesDataOf: 1 })),
    ]),
    code: 'CHECKPOINT_INVALID',
    message: /overlaps another one/,
  },
  { what: 'a call of os.system', bytes: buildPyTorchZip(reduce(global('os', 'system'), text('true')), {}), code: 'CHECKPOINT_UNSAFE', message: /"os\.system"/ },
  { what: 'an object of another class', bytes: buildPyTorchZip(dict({ args: global('pathlib', 'PosixPath') }), {}), code: 'CHECKPOINT_UNSAFE', message: /"pathlib\.PosixPath".*save the state dict alone/ },
  { what: 'a persistent id that is no storage', bytes: buildPyTorchZip(Buffer.concat([tuple(text('module')), Buffer.from('Q')]), {}), code: 'CHECKPOINT_INVALID', message: /not a storage of a known type/ },
  { what: 'a storage of an unknown type', bytes: buildPyTorchZip(storage('QInt8Storage', '0', 1), {}), code: 'CHECKPOINT_UNSAFE', message: /"torch\.QInt8Storage"/ },
  { what: 'a tensor without a storage', bytes: buildPyTorchZip(tensor(int(1), 0, [1], [1]), {}), code: 'CHECKPOINT_INVALID', message: /lacks its storage, shape or strides/ },
  { what: 'an OrderedDict of something else', bytes: buildPyTorchZip(reduce(global('collections', 'OrderedDict'), list(int(1))), {}), code: 'CHECKPOINT_INVALID', message: /not made from a list of pairs/ },
]

for (const { what, bytes, code, message } of refused) {
  test(`rejects ${what}`, async () => {
    await assert.rejects(readPyTorchZip(bytes), { name: 'CheckpointError', code, message })
  })
}
