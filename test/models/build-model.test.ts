import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { buildModel, type BuildOptions } from '../../models/build-model.ts'
import { compileGraphs } from '../../models/compile-graphs.ts'
import { findGraph } from '../../models/manifest/graph-index.ts'
import { readModelDirectory } from '../../models/manifest/manifest.ts'
import { layouts } from '../../models/onnx/layout.ts'
import { preprocessingPresets, type Preprocessing } from '../../models/manifest/preprocessing.ts'
import { goldenPath } from '../fixtures/index.ts'

function scratch (t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'ghostserve-build-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

function optionsIn (directory: string, overrides: Partial<BuildOptions> = {}): BuildOptions {
  const labelsPath = join(directory, 'labels.txt')
  writeFileSync(labelsPath, Array.from({ length: 10 }, (_, i) => `class ${i}`).join('\n'))
  return {
    checkpointPath: goldenPath('checkpoints', 'torch-legacy.pth'),
    directory: join(directory, 'model'),
    labelsPath,
    preprocessing: { ...preprocessingPresets.imagenet, cropSize: 64 },
    dtype: 'float32',
    ...overrides,
  }
}

test('a checkpoint becomes a complete model directory', async (t) => {
  const options = optionsIn(scratch(t), { card: { description: 'ten classes', provenance: { license: 'none' } } })
  const built = await buildModel(options)
  const { manifest, labels } = await readModelDirectory(options.directory)
  assert.deepEqual(manifest, built)
  assert.equal(manifest.name, 'model')
  assert.equal(manifest.width, 0.05)
  assert.equal(manifest.description, 'ten classes')
  assert.equal(manifest.provenance.license, 'none')
  assert.equal(manifest.provenance.checkpointFormat, 'pytorch-legacy')
  assert.equal(labels[3]?.label, 'class 3')
  const weights = readFileSync(join(options.directory, 'model.safetensors'))
  assert.equal(manifest.weights.sha256, createHash('sha256').update(weights).digest('hex'))
  for (const layout of layouts) assert.ok(statSync(await findGraph(options.directory, manifest, layout)).size > 100_000)
})

test('the same checkpoint gives the same bytes', async (t) => {
  const directory = scratch(t)
  const options = optionsIn(directory)
  await buildModel(options)
  const files = readdirSync(options.directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const read = (): string[] => files.map(({ parentPath, name }) => readFileSync(join(parentPath, name)).toString('base64'))
  const first = read()
  await buildModel(options) // in place of the first
  assert.deepEqual(read(), first)
})

test('float16 halves the weights and still passes the self-test of its own build', async (t) => {
  const directory = scratch(t)
  const { directory: model } = optionsIn(directory)
  const { weights } = await buildModel(optionsIn(directory, { dtype: 'float16' }))
  assert.equal(weights.dtype, 'float16')
  const half = readFileSync(join(model, 'model.safetensors')).length
  await buildModel(optionsIn(directory))
  const full = readFileSync(join(model, 'model.safetensors')).length
  assert.ok(half < 0.7 * full, `${half} of ${full} bytes; the header is the same`)
})

test('labels that do not fit are rejected and leave nothing behind', async (t) => {
  const directory = scratch(t)
  const options = optionsIn(directory)
  writeFileSync(options.labelsPath, 'only\ntwo\n')
  await assert.rejects(buildModel(options), { code: 'MODEL_INVALID', message: /Expected 10 labels.*got 2/ })
  assert.deepEqual(readdirSync(directory), ['labels.txt'])
})

test('a file that is no checkpoint is rejected and leaves nothing behind', async (t) => {
  const directory = scratch(t)
  const options = optionsIn(directory)
  await assert.rejects(buildModel({ ...options, checkpointPath: options.labelsPath }), { code: 'CHECKPOINT_UNKNOWN_FORMAT' })
  assert.deepEqual(readdirSync(directory), ['labels.txt'])
})

test('a directory that holds something else is left alone', async (t) => {
  const directory = scratch(t)
  await assert.rejects(buildModel(optionsIn(directory, { directory })), { code: 'MODEL_INVALID', message: /labels\.txt is there/ })
  assert.deepEqual(readdirSync(directory), ['labels.txt'])
})

test('a graph that was changed after the build is rejected', async (t) => {
  const options = optionsIn(scratch(t))
  const manifest = await buildModel(options)
  const path = join(options.directory, 'graphs/plain.onnx')
  const graph = readFileSync(path)
  graph[graph.length >> 1]! ^= 1
  writeFileSync(path, graph)
  await assert.rejects(findGraph(options.directory, manifest, 'plain'), { code: 'MODEL_INVALID', message: /is not the one that was built/ })
})

test('graphs of other weights than the manifest\'s are rejected', async (t) => {
  const options = optionsIn(scratch(t))
  const manifest = await buildModel(options)
  const other = { ...manifest, weights: { ...manifest.weights, sha256: 'f'.repeat(64) } }
  await assert.rejects(findGraph(options.directory, other, 'plain'), { code: 'MODEL_INVALID', message: /build the model again/ })
})

test('weights that were changed after the build do not become graphs', async (t) => {
  const options = optionsIn(scratch(t))
  await buildModel(options)
  const path = join(options.directory, 'model.safetensors')
  const weights = readFileSync(path)
  weights[weights.length - 1]! ^= 1
  writeFileSync(path, weights)
  await assert.rejects(compileGraphs(options.directory), { code: 'MODEL_INVALID', message: /not those of its manifest/ })
})

test('a manifest with another self-test answer does not become graphs', async (t) => {
  const options = optionsIn(scratch(t))
  const manifest = await buildModel(options)
  const [best, ...rest] = manifest.selfTest.topLogits
  const other = { ...manifest, selfTest: { topLogits: [{ ...best!, logit: best!.logit * 1.01 }, ...rest] } }
  writeFileSync(join(options.directory, 'manifest.json'), JSON.stringify(other))
  await assert.rejects(compileGraphs(options.directory), { code: 'MODEL_INVALID', message: /deviates by/ })
})

test('a manifest that breaks its schema is rejected by the name of what is wrong', async (t) => {
  const options = optionsIn(scratch(t))
  const manifest = await buildModel(options)
  writeFileSync(join(options.directory, 'manifest.json'), JSON.stringify({ ...manifest, classes: 'ten' }))
  await assert.rejects(readModelDirectory(options.directory), { code: 'MODEL_INVALID', message: /\/classes/ })
})

test('OpenCV\'s resizer is bilinear only', async (t) => {
  const directory = scratch(t)
  const bilinear: Preprocessing = { ...preprocessingPresets['imagenet-opencv'], cropSize: 64 }
  await assert.rejects(buildModel(optionsIn(directory, { preprocessing: { ...bilinear, interpolation: 'bicubic' } })),
    { code: 'MODEL_INVALID', message: /must have the interpolation bilinear with the resizer opencv/ })
  const options = optionsIn(directory, { preprocessing: bilinear })
  const manifest = await buildModel(options)
  assert.deepEqual((await readModelDirectory(options.directory)).manifest.preprocessing, bilinear)
  const broken = { ...manifest, preprocessing: { ...bilinear, interpolation: 'bicubic' } }
  writeFileSync(join(options.directory, 'manifest.json'), JSON.stringify(broken))
  await assert.rejects(readModelDirectory(options.directory), { code: 'MODEL_INVALID', message: /: \/preprocessing must have the interpolation bilinear/ })
})
