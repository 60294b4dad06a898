import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import type * as ort from 'onnxruntime-node'
import { ConfigError, type ExecutionProvider } from '../../config.ts'
import { explainUnavailable } from './explain-no-session.ts'

/** Properties of the machine on which the choice depends. */
export interface Machine {
  readonly explainUnavailable: typeof explainUnavailable
  /** Whether the kernel has a device for a GPU. */
  readonly hasGpu: () => boolean
  /** Names that onnxruntime knows on this platform; it ignores others without an error. */
  readonly listSupported: () => readonly string[]
}

export const thisMachine: Machine = {
  explainUnavailable,
  hasGpu: () => ['/dev/nvidiactl', '/dev/dri', '/dev/dxg'].some(existsSync),
  // Loaded only if a provider was named: a service on CPU starts without onnxruntime on its main thread.
  listSupported: () => (createRequire(import.meta.url)('onnxruntime-node') as typeof ort).listSupportedBackends().map(({ name }) => name),
}

/** Hides Vulkan drivers that compute on the processor from Vulkan's loader, by the names of their files. */
const withoutSoftwareVulkan = { ...process.env, VK_LOADER_DRIVERS_DISABLE: '*swiftshader*,*lavapipe*,*lvp*,*llvmpipe*' }

/**
 * Chooses the execution provider: the requested one, or for `auto` the first of cuda, webgpu (on a GPU only) and cpu that can be
 * used. Without a GPU nothing is tried, so that a service on CPU starts without a child process.
 *
 * @throws ConfigError if the requested one cannot be used: it is never replaced by another.
 */
export async function chooseExecutionProvider (requested: ExecutionProvider | 'auto', machine: Machine = thisMachine): Promise<ExecutionProvider> {
  if (requested === 'cpu') return 'cpu'
  if (requested === 'auto') {
    if (!machine.hasGpu()) return 'cpu'
    if (await machine.explainUnavailable('cuda') === undefined) return 'cuda'
    return await machine.explainUnavailable('webgpu', withoutSoftwareVulkan) === undefined ? 'webgpu' : 'cpu'
  }
  const supported = machine.listSupported()
  const reason = supported.includes(requested)
    ? await machine.explainUnavailable(requested)
    : `onnxruntime has only ${supported.join(', ')} on ${process.platform}-${process.arch}`
  if (reason === undefined) return requested
  throw new ConfigError(`EXECUTION_PROVIDER=${requested} cannot be used because ${reason}; \`ghostserve doctor\` says what can.`)
}
