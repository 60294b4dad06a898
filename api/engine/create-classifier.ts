import { countAvailableCores } from '../machine/available-cores.ts'
import { budgetBytes } from '../machine/available-memory.ts'
import { Classifier, type ClassifierOptions } from './classifier.ts'
import type { Config } from '../config.ts'
import { chooseExecutionProvider } from '../machine/execution-provider/choose-execution-provider.ts'
import { loadModel } from './load-model.ts'
import { acceptFormats, parseFormats } from '../images/formats.ts'
import { largestBatch } from '../machine/batch-size.ts'
import { MemoryBudget } from '../images/memory-budget.ts'

/** Images decoded at the same time per core: one costs 10 to 25 % of the throughput (docs/decisions/0011). */
const decodesPerCore = 2

/**
 * Creates the pipeline of the configured model for this machine. Call `start` to make its sessions.
 *
 * @throws ModelError if there is no such model, or its parts do not fit together; ConfigError if the execution provider cannot
 * be used.
 */
export async function createClassifier (config: Config, onWorkerDeath: (error: Error) => void): Promise<Classifier> {
  return new Classifier(await classifierOptions(config, onWorkerDeath))
}

/** Completes a configuration with what suits this machine. @throws As `createClassifier`. */
export async function classifierOptions (config: Config, onWorkerDeath: (error: Error) => void): Promise<ClassifierOptions> {
  const cores = countAvailableCores()
  const formats = parseFormats(config.imageFormats)
  acceptFormats(formats)
  const executionProvider = await chooseExecutionProvider(config.executionProvider)
  const machineWorkers = executionProvider === 'cpu' ? Math.max(1, Math.floor(cores / config.intraOpNumThreads)) : 1
  const model = await loadModel(config.model, config.modelDir, config.layout, executionProvider)
  const workers = config.workers === 0 ? machineWorkers : config.workers
  return {
    ...config,
    executionProvider,
    model,
    maxBatchSize: config.maxBatchSize === 0 ? largestBatch(executionProvider, model.manifest) : config.maxBatchSize,
    workers,
    formats,
    decodeConcurrency: cores * decodesPerCore,
    // Only if each core has a session: otherwise cores would be idle.
    sessionsDecode: executionProvider === 'cpu' && config.intraOpNumThreads === 1 && workers >= cores,
    decodeBudget: new MemoryBudget(budgetBytes(config.decodeMemoryBytes)),
    onWorkerDeath,
  }
}
