/** A process that decodes a photo and runs the graph without a server; on request, it prints the times of a block of them. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import * as ort from 'onnxruntime-node'
import sharp from 'sharp'
import { loadModel } from '../../../api/engine/load-model.ts'
import { resizeShorterSide } from '../../../models/manifest/preprocessing.ts'

sharp.concurrency(1)
sharp.cache(false)

const [, , directory = '', photo = '', blockLength] = process.argv
const { manifest: { preprocessing }, graphFile } = await loadModel(directory, '', 'auto')
const session = await ort.InferenceSession.create(graphFile, { intraOpNumThreads: 1, interOpNumThreads: 1 })
const bytes = readFileSync(photo)
const { width, height } = await sharp(bytes).metadata()
const { cropSize, interpolation } = preprocessing
const scale = resizeShorterSide(preprocessing) / Math.min(width, height)
const [resizedWidth, resizedHeight] = [Math.trunc(width * scale), Math.trunc(height * scale)]

/** A decoder with the service's settings. */
async function classify (): Promise<void> {
  const pixels = await sharp(bytes, { failOn: 'error', limitInputPixels: false, sequentialRead: true, ignoreIcc: true })
    .toColourspace('srgb')
    .resize(resizedWidth, resizedHeight, { fit: 'fill', kernel: interpolation === 'bicubic' ? 'cubic' : 'linear', fastShrinkOnLoad: false })
    .extract({
      left: Math.floor((resizedWidth - cropSize) / 2), top: Math.floor((resizedHeight - cropSize) / 2), width: cropSize, height: cropSize,
    })
    .raw()
    .toBuffer()
  await session.run({ pixels: new ort.Tensor('uint8', pixels, [1, cropSize, cropSize, 3]) })
}

process.once('disconnect', () => process.exit())
for (;;) {
  await once(process, 'message')
  const milliseconds: number[] = []
  for (let i = 0; i < Number(blockLength); i++) {
    const startedAt = performance.now()
    await classify()
    milliseconds.push(performance.now() - startedAt)
  }
  process.send!(milliseconds)
}
