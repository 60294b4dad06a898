/** What runs the graph: the providers of onnxruntime that this service knows, and why one cannot be used here. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { ExecutionProvider } from '../../config.ts'
import { findLibrary, findMissingLibrary, librarySearchPath } from './missing-library.ts'
import { explainOldDriver, readDriverVersion } from './nvidia-driver.ts'
import { hasGpuDevice, listVulkanDrivers } from './vulkan-drivers.ts'

/** NVIDIA's libraries multiply float32 in TF32 where the GPU has it, and onnxruntime-node has no switch for that. */
export const computesInTf32 = (provider: ExecutionProvider): boolean => provider === 'cuda' || provider === 'tensorrt'

/** Providers that are libraries of their own need this one beside them. */
const sharedProvider = 'libonnxruntime_providers_shared.so'

/** cuDNN, which the providers open when they first need it: no loader would miss it before. */
const convolutions = 'libcudnn.so.9'

/** onnxruntime-node's directory of libraries for this platform. */
export function onnxruntimeDirectory (): string {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node')
  return join(dirname(main), `../bin/napi-v6/${process.platform}/${process.arch}`)
}

export interface Installation {
  readonly directory: string
  readonly environment: NodeJS.ProcessEnv
  /** Version of NVIDIA's driver. @defaultValue what the kernel says */
  readonly driver?: string | undefined
}

const here = (): Installation => ({ directory: onnxruntimeDirectory(), environment: process.env })

/** Why the provider cannot be loaded here, in words that follow "because"; undefined if its libraries are all there. */
export function explainUnavailable (provider: ExecutionProvider, installation: Installation = here()): string | undefined {
  switch (provider) {
    case 'cpu': return undefined
    case 'cuda': return explainNvidia('libonnxruntime_providers_cuda.so', installation)
    case 'tensorrt': return explainNvidia('libonnxruntime_providers_tensorrt.so', installation)
    case 'webgpu': return explainWebGpu(installation)
  }
}

function explainNvidia (provider: string, { directory, environment, driver = readDriverVersion() }: Installation): string | undefined {
  const searchPath = librarySearchPath(environment)
  for (const library of [provider, sharedProvider]) {
    const path = join(directory, library)
    if (!existsSync(path)) return `${library} is not in ${directory}`
    const missing = findMissingLibrary(path, searchPath)
    if (missing !== undefined) return `${missing}, which ${library} needs, is not on the library path`
  }
  if (findLibrary(convolutions, [directory, ...searchPath]) === undefined) return `${convolutions}, which ${provider} opens for convolutions, is not on the library path`
  return explainOldDriver(join(directory, provider), searchPath, driver)
}

function explainWebGpu ({ environment }: Installation): string | undefined {
  if (process.platform !== 'linux') return undefined
  const loader = 'libvulkan.so.1'
  const path = findLibrary(loader, librarySearchPath(environment))
  if (path === undefined) return `${loader}, Vulkan's loader, is not on the library path`
  const missing = findMissingLibrary(path, librarySearchPath(environment))
  if (missing !== undefined) return `${missing}, which ${loader} needs, is not on the library path`
  return listVulkanDrivers(environment).length === 0 ? 'no Vulkan driver is installed' : undefined
}

/** Whether WebGPU would run on a GPU, not on a driver that computes on the processor. */
export function hasHardwareWebGpu (environment: NodeJS.ProcessEnv = process.env): boolean {
  return process.platform === 'linux' && hasGpuDevice() && listVulkanDrivers(environment).some(({ isSoftware }) => !isSoftware)
}

/** What the provider runs on, for people. */
export function describeDevice (provider: ExecutionProvider): string {
  const [processor] = cpus()
  if (provider === 'cpu') return processor?.model.trim() ?? process.arch
  const gpus = readNvidiaModels()
  if (gpus.length > 0) return gpus.join(', ')
  return listVulkanDrivers().map(({ name, isSoftware }) => isSoftware ? `${name} (software)` : name).join(', ') || 'unknown'
}

function readNvidiaModels (directory = '/proc/driver/nvidia/gpus'): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory).flatMap((gpu) =>
    /^Model:\s*(.+)$/m.exec(readFileSync(join(directory, gpu, 'information'), 'utf8'))?.[1]?.trim() ?? [])
}
