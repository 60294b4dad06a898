import assert from 'node:assert/strict'
import test, { suite } from 'node:test'
import type { ServiceError } from '../../../../../api/errors.ts'
import { readInferRequest, type InferRequest } from '../../../../../api/http/platforms/open-inference/read-infer-request.ts'
import { Pixels } from '../../../../../api/images/upload.ts'

const limits = { classes: 10, cropSize: 2, maxImages: 2, maxImageBytes: 5 }
const images = (fields: object = {}) => ({ name: 'images', datatype: 'BYTES', shape: [1], data: ['AAAA'], ...fields })
const pixels = (fields: object = {}) => ({ name: 'pixels', datatype: 'UINT8', shape: [1, 2, 2, 3], data: Array<number>(12).fill(7), ...fields })

/** An element of a binary BYTES tensor. */
function element (bytes: Buffer, length = bytes.length): Buffer {
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32LE(length)
  return Buffer.concat([prefix, bytes])
}

function read (input: object, binary?: Buffer, more: object = {}): InferRequest {
  const json = Buffer.from(JSON.stringify({ inputs: [input], ...more }))
  if (binary === undefined) return readInferRequest(json, undefined, limits)
  return readInferRequest(Buffer.concat([json, binary]), String(json.length), limits)
}

const behind = (size: number) => ({ data: undefined, parameters: { binary_data_size: size } })

suite('images of an inference request', () => {
  test('come in base64, nested as the shape or flat', () => {
    for (const data of [['AAAA', 'AQID'], [['AAAA'], ['AQID']]]) {
      assert.deepEqual(read(images({ shape: [2, 1], data })).uploads, [Buffer.from([0, 0, 0]), Buffer.from([1, 2, 3])])
    }
  })

  test('come behind the JSON, each behind its length; one that is too large is an error in its place', () => {
    const binary = Buffer.concat([element(Buffer.from('abc')), element(Buffer.from('abcdef'))])
    const [first, second] = read(images({ shape: [2], ...behind(binary.length) }), binary).uploads
    assert.deepEqual(first, Buffer.from('abc'))
    assert.equal((second as ServiceError).code, 'image_too_large')
  })

  test('may be the model\'s own input', () => {
    const expected = [new Pixels(new Uint8Array(12).fill(7))]
    assert.deepEqual(read(pixels()).uploads, expected)
    assert.deepEqual(read(pixels({ data: [[[[7, 7, 7], [7, 7, 7]], [[7, 7, 7], [7, 7, 7]]]] })).uploads, expected)
    const [behindJson] = read(pixels(behind(12)), Buffer.alloc(12, 7)).uploads
    assert.deepEqual([...(behindJson as Pixels).data], Array<number>(12).fill(7))
  })
})

type Refusal = [code: string, detail: RegExp, input: object, binary?: Buffer | undefined, more?: object]
const refusals: Record<string, Refusal> = {
  'another input': ['invalid_request', /name/, images({ name: 'x' })],
  'two inputs': ['invalid_request', /inputs/, images(), undefined, { inputs: [images(), pixels()] }],
  'another datatype': ['invalid_request', /images of the datatype BYTES, got "UINT8"/, images({ datatype: 'UINT8' })],
  'no image': ['empty_body', /none/, images({ shape: [0], data: [] })],
  'more images than allowed by the shape, whatever the data': ['too_many_images', /at most 2 images per request, got 3/, images({ shape: [3], data: [] })],
  'a shape beyond all numbers': ['too_many_images', /got Infinity/, images({ shape: Array(8).fill(1e300) })],
  'fewer elements than the shape says': ['invalid_request', /2 elements in images, as its shape says, got 1/, images({ shape: [2] })],
  'a number for an image': ['invalid_request', /strings in base64, got number/, images({ data: [1] })],
  'neither data nor binary': ['invalid_request', /neither/, images({ data: undefined })],
  'data and binary': ['invalid_request', /both/, images({ parameters: { binary_data_size: 4 } }), Buffer.alloc(4)],
  'less behind the JSON than it says': ['invalid_request', /9 bytes behind the JSON for images, got 4/, images(behind(9)), Buffer.alloc(4)],
  'bytes that nothing announces': ['invalid_request', /0 bytes behind the JSON/, images(), Buffer.alloc(4)],
  'an element longer than what is there': ['invalid_request', /end within number 1/, images(behind(7)), element(Buffer.from('abc'), 4_294_967_295)],
  'half a length': ['invalid_request', /end within number 1/, images(behind(3)), Buffer.alloc(3)],
  'elements beyond the shape': ['invalid_request', /4 bytes more/, images(behind(8)), Buffer.alloc(8)],
  'pixels of another size': ['invalid_request', /shape \[N, 2, 2, 3\], got \[1,3,3,3\]/, pixels({ shape: [1, 3, 3, 3] })],
  'pixels for more images than allowed': ['too_many_images', /got 1000000/, pixels({ shape: [1_000_000, 2, 2, 3] })],
  'a pixel of 256': ['invalid_request', /from 0 to 255, got 256/, pixels({ data: Array<number>(12).fill(256) })],
  'half a pixel': ['invalid_request', /from 0 to 255, got 0.5/, pixels({ data: Array<number>(12).fill(0.5) })],
  'text for a pixel': ['invalid_request', /from 0 to 255, got "7"/, pixels({ data: Array<string>(12).fill('7') })],
  'an unknown output': ['invalid_request', /outputs/, images(), undefined, { outputs: [{ name: 'x' }] }],
  'more classes than there are': ['invalid_request', /outputs/, images(), undefined, { outputs: [{ name: 'scores', parameters: { classification: 11 } }] }],
}
suite('an inference request is rejected for', () => {
  for (const [what, [code, message, input, binary, more]] of Object.entries(refusals)) {
    test(what, () => { assert.throws(() => read(input, binary, more), { code, message }) })
  }

  test('a length of its JSON that is none, or more than its body', () => {
    for (const length of ['x', '-1', '1e3', '21', '99999999999999999999']) {
      assert.throws(() => readInferRequest(Buffer.alloc(20), length, limits), { code: 'invalid_request', message: /at most the 20 bytes/ })
    }
    assert.throws(() => readInferRequest(undefined, undefined, limits), { code: 'empty_body' })
    assert.throws(() => readInferRequest(Buffer.alloc(20), '0', limits), { code: 'malformed_json' })
  })
})
