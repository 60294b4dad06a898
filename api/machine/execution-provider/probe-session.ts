/** Child process that makes a session on a provider: native code that fails may end the process. */
import * as ort from 'onnxruntime-node'

const [provider, graphPath] = process.argv.slice(2)
try {
  const session = await ort.InferenceSession.create(graphPath!, { executionProviders: [provider!] })
  if (provider === 'cuda') await runOnce(session) // opens cuDNN
} catch (error) {
  process.stderr.write(`${String((error as Error).message).split('\n')[0]}\n`)
  process.exitCode = 1
}

async function runOnce (session: ort.InferenceSession): Promise<void> {
  const [input] = session.inputMetadata
  if (input?.isTensor !== true) return
  const shape = input.shape.map((length) => typeof length === 'number' ? length : 1)
  const pixels = new Uint8Array(shape.reduce((product, length) => product * length, 1))
  await session.run({ [input.name]: new ort.Tensor('uint8', pixels, shape) })
}
