/** Photos that sessions decode, and photos that libvips decodes before the queue. */
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { Classifier, type Classification } from '../../../api/engine/classifier.ts'
import type { StageReport } from '../../../api/engine/stage-timer.ts'
import { readConfig } from '../../../api/config.ts'
import { classifierOptions } from '../../../api/engine/create-classifier.ts'
import { readFixture } from '../../fixtures/index.ts'

const photo = readFixture('exif-1.jpg')
const changed = (at: number, value: number): Buffer => {
  const copy = Buffer.from(photo)
  copy[at] = value
  return copy
}
/** A Huffman table with too few codes, with which libvips makes do. */
const forgiven = changed(213, 0)
/** A quantisation table of no size. */
const damaged = changed(56, 0)

type Infer = (...photos: Buffer[]) => Promise<Classification<Float32Array> & { stages: StageReport[] }>

async function open (t: TestContext, sessionsDecode: boolean): Promise<Infer> {
  const options = await classifierOptions(readConfig({ WORKERS: '1' }), (error) => assert.fail(error))
  const classifier = new Classifier({ ...options, sessionsDecode })
  t.after(() => classifier.close())
  await classifier.start()
  return async (...photos) => {
    const stages: StageReport[] = []
    const onStage = (report: StageReport): void => { stages.push(report) }
    const outcome = await classifier.infer(photos, (logits) => logits.slice(), new AbortController().signal, { onStage })
    return { ...outcome, stages }
  }
}

const logitsOf = ({ results: [result] }: Classification<Float32Array>): Float32Array => {
  assert.ok(result instanceof Float32Array, String(result))
  return result
}

test('both decoders lead to the same logits, but for the rounding of their pixels', async (t) => {
  const [session, libvips] = [await open(t, true), await open(t, false)]
  const [one, other] = [logitsOf(await session(photo)), logitsOf(await libvips(photo))]
  const largest = Math.max(...other.map(Math.abs))
  const difference = Math.max(...one.map((logit, i) => Math.abs(logit - other[i]!))) / largest
  t.diagnostic(`largest difference ${difference.toExponential(1)} of the largest logit`)
  assert.ok(difference > 0 && difference < 0.05, `${difference}`)
})

test('each stage of a photo is reported once and follows the one before, whichever decodes', async (t) => {
  for (const sessionsDecode of [true, false]) {
    const infer = await open(t, sessionsDecode)
    const { stages, times } = await infer(photo)
    assert.deepEqual(stages.map(({ stage }) => stage).sort(), ['decode', 'post', 'queue', 'run'])
    const inOrder = [...stages].sort((a, b) => a.startedAt - b.startedAt)
    assert.deepEqual(inOrder.map(({ stage }) => stage), sessionsDecode ? ['queue', 'decode', 'run', 'post'] : ['decode', 'queue', 'run', 'post'])
    for (const [i, { startedAt }] of inOrder.slice(1).entries()) assert.ok(startedAt >= inOrder[i]!.endedAt)
    assert.ok(times.decode > 0 && times.run > 0)
  }
})

test('what a session cannot decode is decoded by libvips', async (t) => {
  const [session, libvips] = [await open(t, true), await open(t, false)]
  const { results, stages } = await session(forgiven)
  assert.deepEqual(results, (await libvips(forgiven)).results)
  assert.deepEqual(stages.map(({ stage }) => stage).sort(), ['decode', 'post', 'queue', 'run'])
})

test('damaged photos fail alone, and say nothing about the session', async (t) => {
  const infer = await open(t, true)
  for (let i = 0; i < 4; i++) {
    const { results } = await infer(damaged)
    assert.equal((results[0] as { code?: string }).code, 'corrupt_image')
  }
  const { results } = await infer(photo, damaged, photo)
  assert.deepEqual(results.map((result) => result instanceof Float32Array ? 'logits' : result.code), ['logits', 'corrupt_image', 'logits'])
})
