import { createRequire } from 'node:module'
import type * as ort from 'onnxruntime-node'
import { ConfigError, type ExecutionProvider } from '../../config.ts'
import { explainUnavailable, hasHardwareWebGpu } from './execution-provider.ts'

/** What is on the machine, as far as the choice depends on it. */
export interface Machine {
  readonly explainUnavailable: (provider: ExecutionProvider) => string | undefined
  readonly hasHardwareWebGpu: () => boolean
  /** Names that onnxruntime knows on this platform; others it ignores without an error. */
  readonly listSupported: () => readonly string[]
}

const thisMachine: Machine = {
  explainUnavailable,
  hasHardwareWebGpu,
  // Loaded only where a provider was named: a service on CPU starts without onnxruntime on its main thread.
  listSupported: () => (createRequire(import.meta.url)('onnxruntime-node') as typeof ort).listSupportedBackends().map(({ name }) => name),
}

/**
 * The provider that was asked for; for `auto` the first of cuda, webgpu (on a GPU only) and cpu that can be loaded.
 *
 * @throws ConfigError if the named one cannot be loaded: it is never replaced by another.
 */
export function chooseExecutionProvider (asked: ExecutionProvider | 'auto', machine: Machine = thisMachine): ExecutionProvider {
  if (asked === 'cpu') return 'cpu'
  if (asked === 'auto') {
    if (machine.explainUnavailable('cuda') === undefined) return 'cuda'
    return machine.hasHardwareWebGpu() && machine.explainUnavailable('webgpu') === undefined ? 'webgpu' : 'cpu'
  }
  const supported = machine.listSupported()
  const reason = supported.includes(asked)
    ? machine.explainUnavailable(asked)
    : `onnxruntime has only ${supported.join(', ')} on ${process.platform}-${process.arch}`
  if (reason === undefined) return asked
  throw new ConfigError(`EXECUTION_PROVIDER=${asked} cannot be used because ${reason}; \`ghostserve doctor\` says what can.`)
}
