import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CheckpointError } from '../../../models/weights/checkpoint-error.ts'
import { readCheckpoint } from '../../../models/weights/read-checkpoint.ts'
import { writeSafetensors } from '../../../models/weights/safetensors.ts'
import { appendChecksum, buildMindSporeValue, buildPyTorchLegacy, buildPyTorchZip, float32Bytes } from './checkpoint-bytes.ts'
import { dict, none, storage, tensor } from './pickle-bytes.ts'

const name = 'conv_stem.weight'
const content = float32Bytes(1, 2, 3)
const files = {
  'pytorch-zip': buildPyTorchZip(dict({ [name]: tensor(storage('FloatStorage', '0', 3), 0, [3], [1]) }), { 0: content }),
  'pytorch-legacy': buildPyTorchLegacy(dict({ [name]: tensor(storage('FloatStorage', '0', 3, none), 0, [3], [1]) }), { 0: [3, content] }),
  safetensors: writeSafetensors(new Map([[name, { shape: [3], data: Float32Array.of(1, 2, 3) }]]), 'float32', {}),
  mindspore: buildMindSporeValue(name, 'Float32', [3], content),
}

/** Whatever the bytes are, the answer is a state dict or a CheckpointError of one short line. */
async function assertReadOrRefused (bytes: Buffer): Promise<'read' | 'refused'> {
  try {
    await readCheckpoint(bytes)
    return 'read'
  } catch (error) {
    assert.ok(error instanceof CheckpointError, String((error as Error).stack))
    assert.match(error.message, /^[\x20-\x7e]{20,600}\.$/)
    return 'refused'
  }
}

for (const [format, bytes] of Object.entries(files)) {
  test(`${format} is recognised by its content`, async () => {
    const checkpoint = await readCheckpoint(bytes)
    assert.equal(checkpoint.format, format)
    assert.deepEqual([...checkpoint.tensors], [[name, { shape: [3], data: Float32Array.of(1, 2, 3) }]])
  })

  test(`a ${format} file cut short anywhere is refused`, async () => {
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(await assertReadOrRefused(bytes.subarray(0, length)), 'refused', `the first ${length} of ${bytes.length} bytes`)
    }
  })

  test(`a ${format} file with any byte changed is read or refused`, async () => {
    const outcomes = new Set<string>()
    for (let i = 0; i < bytes.length; i++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(bytes)
        changed[i]! ^= change
        outcomes.add(await assertReadOrRefused(changed))
      }
    }
    assert.deepEqual(outcomes, new Set(['read', 'refused'])) // a weight may change unseen; a length or a name may not
  })

  test(`a ${format} file with noise spliced in is read or refused`, async () => {
    await fc.assert(fc.asyncProperty(fc.nat(bytes.length), fc.nat(8), fc.uint8Array({ maxLength: 16 }), async (at, removed, noise) => {
      await assertReadOrRefused(Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at + removed)]))
    }), { numRuns: 500 })
  })
}

test('a MindSpore file with a checksum has no byte that may change unseen', async () => {
  const bytes = appendChecksum(files.mindspore)
  for (let i = 0; i < bytes.length - 17; i++) {
    const changed = Buffer.from(bytes)
    changed[i]! ^= 0x10
    assert.equal(await assertReadOrRefused(changed), 'refused', `byte ${i}`)
  }
})

const lookalikes = [
  { what: 'an empty file', bytes: Buffer.alloc(0), message: /but it is empty\./ },
  { what: 'a Git LFS pointer', bytes: Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 20'), message: /Git LFS pointer; run git lfs pull/ },
  { what: 'a web page', bytes: Buffer.from('\n<!DOCTYPE html><title>404</title>'), message: /web page/ },
  { what: 'an XML error', bytes: Buffer.from('<?xml version="1.0"?><Error/>'), message: /web page/ },
  { what: 'a gzip file', bytes: Buffer.from('1f8b0800', 'hex'), message: /compressed with gzip/ },
  { what: 'a tar archive', bytes: Buffer.concat([Buffer.from('name'), Buffer.alloc(253), Buffer.from('ustar\0')]), message: /tar archive/ },
  { what: 'an HDF5 file', bytes: Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), message: /HDF5/ },
  { what: 'an ONNX model', bytes: Buffer.from('08071207', 'hex'), message: /ONNX model/ },
  { what: 'another pickle', bytes: Buffer.from('80047d942e', 'hex'), message: /Python pickle, but not one that torch\.save wrote/ },
  { what: 'anything else', bytes: Buffer.from('hello world, this is no checkpoint'), message: /first bytes match none of them/ },
]

for (const { what, bytes, message } of lookalikes) {
  test(`${what} is rejected for what it is`, async () => {
    await assert.rejects(readCheckpoint(bytes), { name: 'CheckpointError', code: 'CHECKPOINT_UNKNOWN_FORMAT', message })
  })
}

test('a hostile name cannot put control characters or pages of text into a message', async () => {
  const evil = `\u001b[2J\u202e${'x'.repeat(100_000)}`
  await assert.rejects(readCheckpoint(buildMindSporeValue(evil, 'Float32', [9], content)), (error: Error) => {
    assert.match(error.message, /^Tensor "\\u001b\[2J\?x+\.\.\." has 12 bytes/)
    return error.message.length < 300
  })
})
