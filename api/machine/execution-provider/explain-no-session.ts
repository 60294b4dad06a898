/** Reasons why a provider cannot be used on this machine, from a session that is tried in a child process. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { graphPath } from '../../../models/manifest/graph-index.ts'
import { bundledModelDirectory } from '../../../models/manifest/model-store.ts'
import type { ExecutionProvider } from '../../config.ts'
import { onnxruntimeDirectory } from './execution-provider.ts'

/** Time limit of the child process, ms: a first session reads a gigabyte of NVIDIA's libraries. */
const probeTimeoutMs = 120_000
const script = fileURLToPath(new URL(`./probe-session${extname(import.meta.url)}`, import.meta.url))

/** Providers that need libraries of their own, which onnxruntime-node does not bring by default. */
const providerLibraries: Partial<Record<ExecutionProvider, string>> = {
  cuda: 'libonnxruntime_providers_cuda.so',
  tensorrt: 'libonnxruntime_providers_tensorrt.so',
}

/** The reason why the provider cannot be used here, to follow "because"; undefined if it runs the bundled model. */
export async function explainUnavailable (
  provider: ExecutionProvider, environment: NodeJS.ProcessEnv = process.env
): Promise<string | undefined> {
  const library = providerLibraries[provider]
  const directory = onnxruntimeDirectory()
  if (library !== undefined && !existsSync(join(directory, library))) return `${library} is not in ${directory}`
  return await explainNoSession(provider, graphPath(bundledModelDirectory, 'plain'), environment)
}

/** The reason why no session of the graph can be made on the provider; undefined if one can. */
export async function explainNoSession (
  provider: ExecutionProvider, graphPath: string, environment: NodeJS.ProcessEnv = process.env
): Promise<string | undefined> {
  try {
    await promisify(execFile)(process.execPath, [script, provider, graphPath], { timeout: probeTimeoutMs, env: environment })
    return undefined
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    return explainOutput(stderr) ?? `no session can be made: ${String(error)}`
  }
}

/** The library that the loader did not find, if that is the reason: onnxruntime's last line only says that one is missing. */
export function explainOutput (stderr: string): string | undefined {
  const [, library] = /([^\s:/]+): cannot open shared object file/.exec(stderr) ?? []
  if (library !== undefined) return `${library} is not on the library path`
  const lastLine = stderr.trim().split('\n').at(-1)!
  return lastLine === '' ? undefined : `no session can be made: ${lastLine}`
}
