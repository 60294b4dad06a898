/** Runs on labelled photos: top-1 of the float16 graph against the float32 one, and how far their logits differ. Prints JSON. */
import '../../models/onnx/no-telemetry.ts'
import * as ort from 'onnxruntime-node'
import { listLabelledImages } from '../../api/cli/evaluate/list-labelled-images.ts'
import { loadModel } from '../../api/engine/load-model.ts'
import { preprocess } from '../../api/images/preprocess.ts'
import { unlimited } from '../api/pipeline/preprocess-options.ts'

const batchSize = 8
const [data, step = '1'] = process.argv.slice(2)
const float32 = await loadModel('bundled', '', 'plain')
const float16 = await loadModel('bundled', '', 'plain-fp16')
const { manifest: { preprocessing, classes }, labels } = float32
const images = (await listLabelledImages(data!, labels)).filter((_, i) => i % Number(step) === 0)
const sessions = await Promise.all([float32, float16].map(async ({ graphFile }) => await ort.InferenceSession.create(graphFile)))

const argmax = (logits: Float32Array): number => logits.indexOf(Math.max(...logits))
const correct = [0, 0]
let agreeing = 0
let largestLogit = 0
let largestDifference = 0

for (let at = 0; at < images.length; at += batchSize) {
  const batch = images.slice(at, at + batchSize)
  const pixels = Buffer.concat(await Promise.all(batch.map(async ({ read }) =>
    await preprocess(await read(), unlimited(preprocessing), new AbortController().signal))))
  const input = new ort.Tensor('uint8', pixels, [batch.length, preprocessing.cropSize, preprocessing.cropSize, 3])
  const logits: Float32Array[] = []
  for (const session of sessions) logits.push((await session.run({ pixels: input }))['logits']!.data as Float32Array)
  const [reference, rounded] = logits as [Float32Array, Float32Array]
  for (const [i, logit] of reference.entries()) {
    largestLogit = Math.max(largestLogit, Math.abs(logit))
    largestDifference = Math.max(largestDifference, Math.abs(logit - rounded[i]!))
  }
  for (const [i, { classIndex }] of batch.entries()) {
    const [one, other] = logits.map((all) => argmax(all.subarray(i * classes, (i + 1) * classes)))
    correct[0]! += Number(one === classIndex)
    correct[1]! += Number(other === classIndex)
    agreeing += Number(one === other)
  }
}
await Promise.all(sessions.map((session) => session.release()))

const percent = (count: number): number => 100 * count / images.length
process.stdout.write(`${JSON.stringify({
  images: images.length,
  top1: { float32: percent(correct[0]!), float16: percent(correct[1]!) },
  agreement: percent(agreeing),
  largestLogit,
  largestDifference,
})}\n`)

const maxLossOfTop1 = 0.1
if (Math.abs(percent(correct[0]!) - percent(correct[1]!)) > maxLossOfTop1) {
  process.stderr.write(`Expected top-1 in float16 to be within ${maxLossOfTop1} points of float32.\n`)
  process.exitCode = 1
}
