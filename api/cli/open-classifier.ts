import type { Classifier } from '../engine/classifier.ts'
import { readConfig } from '../config.ts'
import { createClassifier } from '../engine/create-classifier.ts'

/** Opens the service's classifier for a command: the same pipeline and the same settings, without HTTP. Close it after use. */
export async function openClassifier (model: string): Promise<Classifier> {
  const classifier = await createClassifier({ ...readConfig(), model }, (error) => { throw error })
  await classifier.start()
  return classifier
}
