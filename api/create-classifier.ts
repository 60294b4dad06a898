import { countAvailableCores } from './available-cores.ts'
import { countAvailableMemory } from './available-memory.ts'
import { Classifier } from './classifier.ts'
import type { Config } from './config.ts'
import { loadModel } from './load-model.ts'
import { acceptFormats, type ImageFormatName } from './pipeline/image-formats.ts'
import { MemoryBudget } from './pipeline/memory-budget.ts'

/** Decoding leaves the cores to nobody while images wait; more decodes at once only share them. */
const decodesPerCore = 2

/** Of the memory, for decoding and for request bodies each, where the configuration names no number of bytes. */
const budgetShare = 1 / 4

/**
 * The pipeline of a configured model on this machine. Call `start` to make its sessions.
 *
 * @throws ModelError if there is no such model, or it does not fit together.
 */
export async function createClassifier (config: Config, onWorkerDeath: (error: Error) => void): Promise<Classifier> {
  const cores = countAvailableCores()
  const formats = config.imageFormats.split(',') as ImageFormatName[]
  acceptFormats(formats)
  return new Classifier({
    ...config,
    model: await loadModel(config.model, config.modelDir, config.layout),
    workers: config.workers === 0 ? Math.max(1, Math.floor(cores / config.intraOpNumThreads)) : config.workers,
    formats,
    decodeConcurrency: cores * decodesPerCore,
    decodeBudget: memoryBudget(config.decodeMemoryBytes),
    onWorkerDeath,
  })
}

/** @param bytes - 0 for a share of the memory. */
export function memoryBudget (bytes: number): MemoryBudget {
  return new MemoryBudget(bytes === 0 ? Math.floor(countAvailableMemory() * budgetShare) : bytes)
}
