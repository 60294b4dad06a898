/** A session worker that gives the bundled model's self-test answer and fails on cue: by the first byte of an image. */
import { parentPort } from 'node:worker_threads'
import { loadModel } from '../../../api/engine/load-model.ts'
import type { RunResponse, SessionRequest } from '../../../api/engine/session-worker.ts'

/** First byte of an image on which the session throws, and of one on which its thread dies. */
export const refused = 13
export const deadly = 66

if (parentPort !== null) {
  const port = parentPort
  const { manifest: { classes, selfTest, preprocessing: { cropSize } } } = await loadModel('bundled', '', 'plain')

  port.on('message', (request: SessionRequest) => {
    if (request === 'end') {
      port.close()
      return
    }
    const { pixels, files, batchSize } = request
    const cues = Array.from({ length: batchSize }, (_, i) => pixels[i * cropSize * cropSize * 3])
    if (cues.includes(deadly)) process.exit(7)
    if (cues.includes(refused)) {
      port.postMessage({ error: 'an image was refused', pixels, files } satisfies RunResponse)
      return
    }
    const logits = new Float32Array(batchSize * classes)
    for (let i = 0; i < batchSize; i++) for (const { classIndex, logit } of selfTest.topLogits) logits[i * classes + classIndex] = logit
    port.postMessage({ logits, decodings: [], pixels, files } satisfies RunResponse)
  })
  port.postMessage('created')
}
