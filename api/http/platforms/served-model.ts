/** The model under its name in the paths of inference protocols. */
import type { onRequestAsyncHookHandler } from 'fastify'
import type { ClassificationService } from '../classify-request.ts'
import { ServiceError } from '../../errors.ts'

export function servedName ({ classifier, config }: ClassificationService): string {
  return config.modelName === '' ? classifier.model.manifest.name : config.modelName
}

/** Rejects paths whose `:name`, or `:version` if there is one, is not that of the model: `not_found`. */
export function requireModel (service: ClassificationService): onRequestAsyncHookHandler {
  const name = servedName(service)
  const { version } = service.classifier.model
  return async ({ params }) => {
    const { name: requestedName, version: requestedVersion = version } = params as { name: string, version?: string }
    if (requestedName !== name) throw new ServiceError('not_found', `Expected the model ${name}, got ${JSON.stringify(requestedName.slice(0, 100))}.`)
    if (requestedVersion !== version) {
      throw new ServiceError('not_found', `Expected the version ${version} of ${name}, got ${JSON.stringify(requestedVersion.slice(0, 100))}.`)
    }
  }
}
