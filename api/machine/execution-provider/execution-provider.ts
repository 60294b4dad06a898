/** Execution providers of onnxruntime that this service knows, and the devices they run on. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { ExecutionProvider } from '../../config.ts'

/** NVIDIA's libraries multiply float32 in TF32 where the GPU has it, and onnxruntime-node has no switch for that. */
export const computesInTf32 = (provider: ExecutionProvider): boolean => provider === 'cuda' || provider === 'tensorrt'

/** onnxruntime-node's directory of libraries for this platform. */
export function onnxruntimeDirectory (): string {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node')
  return join(dirname(main), `../bin/napi-v6/${process.platform}/${process.arch}`)
}

/** Name of the device that the provider runs on. */
export function describeDevice (provider: ExecutionProvider): string {
  const [processor] = cpus()
  if (provider === 'cpu') return processor?.model.trim() ?? process.arch
  return readNvidiaModels().join(', ') || 'unknown'
}

function readNvidiaModels (directory = '/proc/driver/nvidia/gpus'): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory).flatMap((gpu) =>
    /^Model:\s*(.+)$/m.exec(readFileSync(join(directory, gpu, 'information'), 'utf8'))?.[1]?.trim() ?? [])
}
