import { countAvailableCores } from '../machine/available-cores.ts'
import { budgetBytes } from '../machine/available-memory.ts'
import { Classifier, type ClassifierOptions } from './classifier.ts'
import type { Config } from '../config.ts'
import { chooseExecutionProvider } from '../machine/execution-provider/choose-execution-provider.ts'
import { loadModel } from './load-model.ts'
import { acceptFormats, parseFormats } from '../images/formats.ts'
import { largestBatch } from '../machine/batch-size.ts'
import { MemoryBudget } from '../images/memory-budget.ts'

/** One a core costs 10 to 25 % of the requests: docs/decisions/0011. */
const decodesPerCore = 2

/**
 * The pipeline of a configured model on this machine. Call `start` to make its sessions.
 *
 * @throws ModelError if there is no such model, or it does not fit together; ConfigError if the execution provider cannot be used.
 */
export async function createClassifier (config: Config, onWorkerDeath: (error: Error) => void): Promise<Classifier> {
  return new Classifier(await classifierOptions(config, onWorkerDeath))
}

/** What a configuration leaves open is chosen for this machine. @throws as `createClassifier`. */
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
    // Only where each core has a session: else cores would have nothing to do.
    sessionsDecode: executionProvider === 'cpu' && config.intraOpNumThreads === 1 && workers >= cores,
    decodeBudget: new MemoryBudget(budgetBytes(config.decodeMemoryBytes)),
    onWorkerDeath,
  }
}
