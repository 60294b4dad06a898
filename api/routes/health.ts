/** GET /livez, GET /readyz */
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { residentLimits } from '../available-memory.ts'
import type { Classifier } from '../classifier.ts'
import type { Config } from '../config.ts'
import { ServiceError } from '../errors.ts'
import { underPressureError } from '../plugins/load-shedding.ts'
import { ProblemAnswerSchema } from '../schemas/problem.ts'

const statusSchema = (status: string) => Type.Object({ status: Type.Literal(status) })

export function registerHealthRoutes (app: FastifyInstance, classifier: Classifier, { maxResidentBytes }: Config): void {
  const { hard: maxReadyBytes } = residentLimits(maxResidentBytes)

  // The process answers: nothing about the model, or a slow start would be restarted for ever.
  app.get('/livez', { schema: { response: { 200: statusSchema('alive') } } }, async () => ({ status: 'alive' }))

  app.get('/readyz', { schema: { response: { 200: statusSchema('ready'), '5xx': ProblemAnswerSchema } } }, async () => {
    if (app.isDraining) throw new ServiceError('shutting_down', 'The service is shutting down; try again on another instance.')
    if (!classifier.isReady) throw new ServiceError('not_ready', 'The model is not loaded yet; try again in a moment.')
    if (process.memoryUsage.rss() > maxReadyBytes) throw underPressureError('memory')
    return { status: 'ready' }
  })
}
