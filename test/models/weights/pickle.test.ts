import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unpickle, type PickleRules } from '../../../models/weights/pickle.ts'
import { dict, global, int, list, long, none, pickle, reduce, text, tuple, yes } from './pickle-bytes.ts'

const rules: PickleRules = {
  globals: new Map<string, unknown>([
    ['builtins.sum', (args: readonly number[]) => args.reduce((sum, value) => sum + value, 0)],
    ['builtins.copy', ([items]: readonly unknown[][], spend: (steps: number) => void) => spend(items!.length)],
    ['torch.float32', 'float32'],
  ]),
  resolvePersistentId: (id) => ({ id }),
}
const load = (...body: Buffer[]): unknown => unpickle(pickle(...body), 0, rules).value
const raw = (latin1: string): Buffer => Buffer.from(latin1, 'latin1')

test('plain values become plain values', () => {
  assert.deepEqual(load(tuple(none, yes, raw('\x89'), int(-7), raw('K\xff'), raw('M\x01\x02'), raw('G\x3f\xf8\0\0\0\0\0\0'))), [null, true, false, -7, 255, 513, 1.5])
  assert.deepEqual(load(tuple(text('é'), raw('U\x02ab'), raw('T\x01\0\0\0c'), raw('\x8c\x01d'))), ['é', 'ab', 'c', 'd'])
  assert.deepEqual(load(tuple(long(-1n), long(2n ** 40n), long(0x1950a86a20f9469cfc6cn), raw('\x8a\0'))), [-1, 2 ** 40, 0x1950a86a20f9469cfc6cn, 0])
})

test('containers fill in every way that pickle fills them', () => {
  assert.deepEqual(load(raw(')K\x01\x85K\x01K\x02\x86K\x01K\x02K\x03\x87'), raw('\x87')), [[1], [1, 2], [1, 2, 3]])
  assert.deepEqual(load(list(int(1), int(2)), raw('K\x03a')), [1, 2, 3])
  assert.deepEqual(load(dict({ a: int(1) }), text('b'), int(2), raw('s')), new Map([['a', 1], ['b', 2]]))
})

test('__proto__ is a key like any other', () => {
  assert.deepEqual(load(raw('}'), text('__proto__'), int(2), raw('s')), new Map([['__proto__', 2]]))
})

test('the memo hands out the same object, by number and in order', () => {
  const [a, b] = load(raw(']q\x05h\x05\x86')) as [unknown, unknown]
  assert.equal(a, b)
  const [c, d] = load(raw(']r\0\0\x01\0j\0\0\x01\0\x86')) as [unknown, unknown]
  assert.equal(c, d)
  assert.deepEqual(unpickle(raw('\x80\x04\x95\x09\0\0\0\0\0\0\0\x8c\x01a\x94h\0\x86.'), 0, rules).value, ['a', 'a'])
})

test('globals are looked up, called and left alone as constants', () => {
  assert.equal(load(reduce(global('builtins', 'sum'), int(1), int(2))), 3)
  assert.equal(load(text('torch'), text('float32'), raw('\x93')), 'float32')
})

test('persistent ids are handed to the rules', () => {
  assert.deepEqual(load(text('key'), raw('Q')), { id: 'key' })
})

test('the state of a dict is ignored', () => {
  assert.deepEqual(load(dict({ a: int(1) }), dict({ _metadata: int(2) }), raw('b')), new Map([['a', 1]]))
})

test('pickles follow one another', () => {
  const first = pickle(int(1))
  const bytes = Buffer.concat([first, pickle(int(2))])
  assert.equal(unpickle(bytes, 0, rules).end, first.length)
  assert.deepEqual(unpickle(bytes, first.length, rules), { value: 2, end: bytes.length })
})

for (const [module, attribute] of [['os', 'system'], ['posix', 'system'], ['builtins', 'eval'], ['torch', 'load'], ['__main__', '__proto__']] as const) {
  test(`rejects ${module}.${attribute} by name, called or not`, () => {
    const refusal = { name: 'CheckpointError', code: 'CHECKPOINT_UNSAFE', message: new RegExp(`requests the Python object "${module}\\.${attribute}"`) }
    assert.throws(() => load(global(module, attribute)), refusal)
    assert.throws(() => load(reduce(global(module, attribute), text('echo owned'))), refusal)
    assert.throws(() => load(text(module), text(attribute), raw('\x93')), refusal)
  })
}

test('every other opcode is rejected by name', () => {
  const opcodes = [['i', 'INST'], ['o', 'OBJ'], ['\x92', 'NEWOBJ_EX'], ['\x82', 'EXT1'], ['I', 'INT'], ['P', 'PERSID'], ['2', 'DUP']] as const
  for (const [opcode, name] of opcodes) {
    assert.throws(() => load(raw(`)${opcode}`)), { code: 'CHECKPOINT_UNSAFE', message: new RegExp(`the opcode ${name} \\(0x`) })
  }
  assert.throws(() => load(raw('\xff')), { code: 'CHECKPOINT_UNSAFE', message: /the opcode 0xff,/ })
})

const malformed = [
  { what: 'protocol 1', bytes: raw('\x80\x01N.') },
  { what: 'protocol 6', bytes: raw('\x80\x06N.') },
  { what: 'no protocol', bytes: raw('N.') },
  { what: 'an empty stack', bytes: pickle() },
  { what: 'a tuple without its mark', bytes: pickle(raw('t')) },
  { what: 'a tuple that reaches below an open mark', bytes: pickle(raw('N(N\x86')) },
  { what: 'a memo slot that is empty', bytes: pickle(raw('h\x07')) },
  { what: 'memoising nothing', bytes: pickle(raw('q\x07')) },
  { what: 'appending to a tuple', bytes: pickle(raw(')Na')) },
  { what: 'setting an item of a list', bytes: pickle(raw(']NNs')) },
  { what: 'an odd number of dict items', bytes: pickle(raw('}(Nu')) },
  { what: 'calling a constant', bytes: pickle(reduce(global('torch', 'float32'))) },
  { what: 'calling with no tuple', bytes: pickle(global('builtins', 'sum'), none, raw('R')) },
  { what: 'a global that is named by numbers', bytes: pickle(int(1), int(2), raw('\x93')) },
]

for (const { what, bytes } of malformed) {
  test(`rejects ${what}`, () => {
    assert.throws(() => unpickle(bytes, 0, rules), { name: 'CheckpointError', code: 'CHECKPOINT_INVALID', message: /^The pickle is malformed: / })
  })
}

test('rejects setting the state of anything but a dict', () => {
  assert.throws(() => load(none, dict({}), raw('b')), { code: 'CHECKPOINT_UNSAFE', message: /sets the state/ })
})

test('a length past the end is rejected before anything is allocated', () => {
  for (const opcode of ['X\xff\xff\xff\xff', 'T\xff\xff\xff\x7f', 'U\xff', '\x8a\xff', '\x95\xff']) {
    assert.throws(() => load(raw(opcode)), { code: 'CHECKPOINT_TRUNCATED', message: /ends at byte \d+ inside an opcode that runs to byte \d+/ })
  }
})

test('a million laughs share their memory', () => {
  // Each tuple holds the one before ten times: ten to the thirtieth leaves, thirty objects.
  const body = [text('ha'), raw('q\0')]
  for (let depth = 0; depth < 30; depth++) body.push(raw(`(${`h${String.fromCharCode(depth)}`.repeat(10)}tq${String.fromCharCode(depth + 1)}`))
  const value = load(...body)
  assert.ok(Array.isArray(value) && value.length === 10 && value[0] === value[9])
})

test('nesting of any depth and a list that contains itself are read without recursion', () => {
  assert.ok(Array.isArray(load(none, raw('\x85'.repeat(500_000)))))
  const value = load(raw(']q\0h\0a')) as unknown[]
  assert.equal(value[0], value)
})

test('work is bounded, and copying the same list again and again is work', () => {
  const tooLong = { code: 'CHECKPOINT_TOO_LARGE', message: /more than 1000000 steps/ }
  assert.throws(() => load(raw('}'.repeat(1_000_001))), tooLong)
  const million = [raw(']q\0('), raw('N'.repeat(100_000)), raw('e')]
  const copy = [global('builtins', 'copy'), raw('h\0\x85R')]
  assert.throws(() => load(...million, ...Array(10).fill(copy).flat() as Buffer[]), tooLong)
})
