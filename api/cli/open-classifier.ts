import { countAvailableCores } from '../available-cores.ts'
import { Classifier } from '../classifier.ts'
import { readConfig } from '../config.ts'
import { loadModel } from '../load-model.ts'

/** The service's classifier, without the service: the same pipeline and the same settings, for commands. Close it after use. */
export async function openClassifier (model: string): Promise<Classifier> {
  const config = readConfig()
  const cores = countAvailableCores()
  const classifier = new Classifier({
    ...config,
    model: await loadModel(model, config.modelDir, config.layout),
    pixelLimits: config,
    workers: config.workers === 0 ? cores : config.workers,
    decodeConcurrency: cores,
    onWorkerDeath: (error) => { throw error },
  })
  await classifier.start()
  return classifier
}
