/** The Vulkan drivers that are installed, through which WebGPU reaches a GPU, and whether there is a GPU behind them. */
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface VulkanDriver {
  /** Name of its manifest. */
  readonly name: string
  /** Computes on the processor. */
  readonly isSoftware: boolean
}

const softwareDriver = /swiftshader|lavapipe|lvp|llvmpipe/i

/** As Vulkan's loader finds them: the ones that the environment names, or else those of the system. */
export function listVulkanDrivers (environment: NodeJS.ProcessEnv = process.env): VulkanDriver[] {
  const named = environment['VK_DRIVER_FILES'] ?? environment['VK_ICD_FILENAMES'] ?? ''
  const manifests = named === ''
    ? manifestDirectories(environment).filter(existsSync)
      .flatMap((directory) => readdirSync(directory).map((file) => join(directory, file)))
    : named.split(':').filter((file) => existsSync(file))
  return manifests.filter((file) => file.endsWith('.json'))
    .map((file) => ({ name: basename(file, '.json'), isSoftware: softwareDriver.test(basename(file)) }))
}

/**
 * XDG_DATA_DIRS says where else a driver may lie, as where a device plugin mounts it in /usr/local/nvidia: the loader does not
 * look there by itself.
 */
function manifestDirectories ({ XDG_DATA_DIRS: data }: NodeJS.ProcessEnv): string[] {
  const dataDirectories = data === undefined || data === '' ? ['/usr/local/share', '/usr/share'] : data.split(':')
  return ['/etc', ...dataDirectories].map((directory) => join(directory, 'vulkan/icd.d'))
}

/** Whether the kernel has a device for a GPU. */
export function hasGpuDevice (directory = '/dev'): boolean {
  return existsSync(join(directory, 'nvidiactl')) || existsSync(join(directory, 'dri')) || existsSync(join(directory, 'dxg'))
}
