/** Makes a session on a provider, of a graph. A process of its own: native code that fails may end it. */
import * as ort from 'onnxruntime-node'

const [provider, graphPath] = process.argv.slice(2)
try {
  await ort.InferenceSession.create(graphPath!, { executionProviders: [provider!] })
} catch (error) {
  process.stderr.write(`${String((error as Error).message).split('\n')[0]}\n`)
  process.exitCode = 1
}
