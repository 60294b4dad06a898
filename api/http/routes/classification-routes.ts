/** Routes that classify images, and what they share before a body is read. */
import type { FastifyInstance } from 'fastify'
import { budgetBytes } from '../../machine/available-memory.ts'
import type { ClassificationService } from '../classify-request.ts'
import type { EarlyRejection } from '../plugins/early-rejection.ts'
import { MemoryBudget } from '../../images/memory-budget.ts'
import { registerAdmission } from '../plugins/admission.ts'
import { registerRequestBody, registerRequestDeadline } from '../plugins/request-body.ts'
import { registerClassifyRoute } from './classify.ts'
import { registerInferenceProtocolRoutes } from '../platforms/open-inference/routes.ts'
import { registerKServeV1Routes } from '../platforms/kserve-v1.ts'
import { registerSageMakerRoutes } from '../platforms/sagemaker.ts'
import { registerVertexRoutes } from '../platforms/vertex.ts'

/** Registrations of routes: those that classify go in a scope for images, those that only describe the service outside. */
const platforms = [
  registerClassifyRoute,
  registerKServeV1Routes,
  registerInferenceProtocolRoutes,
  registerSageMakerRoutes,
  registerVertexRoutes, // last: its paths are configured
] as const

export function registerClassificationRoutes (app: FastifyInstance, service: ClassificationService, earlyRejection: EarlyRejection): void {
  const { classifier, config } = service
  app.register(async (scope) => {
    earlyRejection.watch(scope)
    scope.addHook('onRequest', app.shedLoad)
    registerAdmission(scope, classifier, config)
    registerRequestBody(scope, new MemoryBudget(budgetBytes(config.requestMemoryBytes)))
    registerRequestDeadline(scope, config)

    // A scope per platform: bodies mean different things.
    for (const registerRoutes of platforms) {
      scope.register(async (images) => {
        images.removeAllContentTypeParsers()
        registerRoutes(app, images, service)
      })
    }
  })
}
