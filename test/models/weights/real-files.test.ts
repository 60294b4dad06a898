import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageRoot } from '../../../models/package-root.ts'
import { fromFloat16Bits, toFloat16Bits } from '../../../models/weights/float16.ts'
import { toOfficialNames } from '../../../models/weights/official-names.ts'
import { readCheckpoint } from '../../../models/weights/read-checkpoint.ts'
import type { StateDict, Tensor } from '../../../models/weights/state-dict.ts'

/** Written by PyTorch, timm, safetensors, MindSpore and MindCV; all hold one network of width 0.05, see test/golden/make_checkpoints.py. */
async function read (file: string): Promise<{ format: string, tensors: StateDict, official: StateDict }> {
  const checkpoint = await readCheckpoint(readFileSync(join(packageRoot, 'test/golden/checkpoints', file)))
  return { ...checkpoint, official: toOfficialNames(checkpoint.tensors) }
}

const toFloat16 = (value: number): number => fromFloat16Bits(toFloat16Bits(value))
const scratch = new DataView(new ArrayBuffer(4))

function toBfloat16 (value: number): number {
  scratch.setFloat32(0, value)
  const bits = scratch.getUint32(0)
  scratch.setUint32(0, bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000)
  return scratch.getFloat32(0)
}

const round = (tensor: Tensor, toRounded: (value: number) => number): Tensor => ({ shape: tensor.shape, data: tensor.data.map(toRounded) })
const exact = (tensor: Tensor): Tensor => tensor
const halfKernels = (tensor: Tensor): Tensor => tensor.shape.length > 1 ? round(tensor, toFloat16) : tensor

/** What each file must hold, in terms of the float32 weights of `torch-legacy.pth`. */
const files = [
  { file: 'torch-legacy.pth', format: 'pytorch-legacy', expected: exact },
  { file: 'torch-data-parallel.pth', format: 'pytorch-zip', expected: exact },
  { file: 'torch-bfloat16.pth', format: 'pytorch-zip', expected: (tensor: Tensor) => round(tensor, toBfloat16) },
  { file: 'torch-one-storage.pth', format: 'pytorch-zip', expected: (tensor: Tensor) => round(tensor, toFloat16) },
  { file: 'torch-mixed.safetensors', format: 'safetensors', expected: halfKernels },
  { file: 'mindcv.safetensors', format: 'safetensors', expected: halfKernels },
  { file: 'mindcv.ckpt', format: 'mindspore', expected: halfKernels },
  { file: 'mindcv-2022.ckpt', format: 'mindspore', expected: halfKernels },
  { file: 'mindcv-training.ckpt', format: 'mindspore', expected: halfKernels },
]

const { official: reference } = await read('torch-legacy.pth')

test('the reference has the 432 tensors of the network', () => {
  assert.equal(reference.size, 432)
  assert.deepEqual(reference.get('classifier.weight')!.shape, [10, 1280])
  assert.equal([...reference.values()].filter(({ data }) => data.every((value) => value === 0)).length, 0)
})

for (const { file, format, expected } of files) {
  test(`${file} holds every tensor of the network, bit by bit`, async () => {
    const checkpoint = await read(file)
    assert.equal(checkpoint.format, format)
    assert.deepEqual([...checkpoint.official.keys()].sort(), [...reference.keys()].sort())
    for (const [name, tensor] of reference) assert.deepEqual(checkpoint.official.get(name), expected(tensor), name)
  })
}

test('a timm training checkpoint gives its averaged weights, not the raw ones', async () => {
  const { format, official } = await read('timm-ema.pth.tar')
  assert.equal(format, 'pytorch-zip')
  assert.deepEqual([...official.keys()].sort(), [...reference.keys()].sort())
  assert.deepEqual(official.get('conv_stem.weight'), reference.get('conv_stem.weight')) // frozen, so the average is the weight itself
  assert.notDeepEqual(official.get('classifier.weight'), reference.get('classifier.weight'))
})

test('a MindSpore training checkpoint has its optimiser next to the weights', async () => {
  const { tensors } = await read('mindcv-training.ckpt')
  assert.ok([...tensors.keys()].some((name) => name.startsWith('moments.')))
})
