/** The Vulkan drivers that are installed, through which WebGPU reaches a GPU, and whether there is a GPU behind them. */
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface VulkanDriver {
  /** Name of its manifest. */
  readonly name: string
  /** Computes on the processor. */
  readonly isSoftware: boolean
}

const manifestDirectories = ['/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/usr/share/vulkan/icd.d']
const softwareDriver = /swiftshader|lavapipe|lvp|llvmpipe/i

/** As Vulkan's loader finds them: the ones that the environment names, or else those of the system. */
export function listVulkanDrivers (environment: NodeJS.ProcessEnv = process.env): VulkanDriver[] {
  const named = environment['VK_DRIVER_FILES'] ?? environment['VK_ICD_FILENAMES'] ?? ''
  const manifests = named === ''
    ? manifestDirectories.filter(existsSync).flatMap((directory) => readdirSync(directory).map((file) => join(directory, file)))
    : named.split(':').filter((file) => existsSync(file))
  return manifests.filter((file) => file.endsWith('.json'))
    .map((file) => ({ name: basename(file, '.json'), isSoftware: softwareDriver.test(basename(file)) }))
}

/** Whether the kernel has a device for a GPU. */
export function hasGpuDevice (directory = '/dev'): boolean {
  return existsSync(join(directory, 'nvidiactl')) || existsSync(join(directory, 'dri')) || existsSync(join(directory, 'dxg'))
}
