/** The kernel's NVIDIA driver, and which one a version of CUDA needs. */
import { readFileSync } from 'node:fs'
import { findLibrary } from './missing-library.ts'
import { readSharedLibrary } from './shared-library.ts'

/** Major version of CUDA -> of the first driver that runs it, minor versions' compatibility included. NVIDIA's release notes of CUDA. */
const oldestDrivers: Readonly<Record<string, number>> = { 12: 525, 13: 580 }

/** Such as 535.129.03; undefined without one, or where the kernel does not tell, as in a sandbox. */
export function readDriverVersion (path = '/proc/driver/nvidia/version'): string | undefined {
  try {
    return /Kernel Module.*?\s(\d+\.[\d.]+)/.exec(readFileSync(path, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

/**
 * Why the driver does not run the CUDA that a library was made for, in words; undefined if it does, or if nobody knows, as with NVIDIA's
 * package for forward compatibility.
 */
export function explainOldDriver (library: string, directories: readonly string[], driver = readDriverVersion()): string | undefined {
  const [, cuda] = /libcudart\.so\.(\d+)/.exec(findCudart(library, directories, new Set()) ?? '') ?? []
  if (findLibrary('libcuda.so.1', directories)?.includes('compat') === true) return undefined
  const oldest = cuda === undefined ? undefined : oldestDrivers[cuda]
  if (driver === undefined || oldest === undefined || Number.parseInt(driver, 10) >= oldest) return undefined
  return `CUDA ${cuda} needs an NVIDIA driver of ${oldest} or newer, and this machine's is ${driver}`
}

/** CUDA's runtime, which the library needs itself or by another. */
function findCudart (path: string, directories: readonly string[], seen: Set<string>): string | undefined {
  for (const name of readSharedLibrary(path).needed) {
    if (name.startsWith('libcudart.so.')) return name
    const found = seen.has(name) ? undefined : findLibrary(name, directories)
    seen.add(name)
    const cudart = found && findCudart(found, directories, seen)
    if (cudart !== undefined) return cudart
  }
  return undefined
}
