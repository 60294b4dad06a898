/** Prints how many images/s the service's pipeline classifies without HTTP, with as many in flight as the load has users. */
import { readFileSync } from 'node:fs'
import { openClassifier } from '../../../api/cli/open-classifier.ts'
import { users } from '../closed-loop.ts'

const warmUpSeconds = 1
const topK = 5

const [, , model = '', seconds, ...paths] = process.argv
const photos = paths.map((path) => readFileSync(path))
const classifier = await openClassifier(model)

/** Images/s. */
async function classifyFor (seconds: number): Promise<number> {
  const startedAt = performance.now()
  let images = 0
  await Promise.all(Array.from({ length: users }, async (_, user) => {
    for (let i = user; performance.now() < startedAt + seconds * 1000; i++) {
      const { results: [result] } = await classifier.classify([photos[i % photos.length]!], { topK }, new AbortController().signal)
      if (result instanceof Error) throw result
      images++
    }
  }))
  return images / ((performance.now() - startedAt) / 1000)
}

await classifyFor(warmUpSeconds)
const imagesPerSecond = await classifyFor(Number(seconds))
await classifier.close()
process.stdout.write(`${JSON.stringify({ imagesPerSecond })}\n`)
