/** GET /livez, GET /readyz */
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { ClassificationService } from '../classify-request.ts'
import { probe } from '../route-access.ts'
import { checkReadiness } from '../readiness.ts'
import { ProblemResponseSchema } from '../schemas/problem.ts'

const statusSchema = (status: string) => Type.Object({ status: Type.Literal(status) })

export function registerHealthRoutes (app: FastifyInstance, service: ClassificationService): void {
  // Responds whenever the process does, whatever the model: a slow start would otherwise be restarted for ever.
  app.get('/livez', { config: probe, schema: { response: { 200: statusSchema('alive') } } }, async () => ({ status: 'alive' }))

  app.get('/readyz', { config: probe, schema: { response: { 200: statusSchema('ready'), '5xx': ProblemResponseSchema } } }, async () => {
    checkReadiness(app, service)
    return { status: 'ready' }
  })
}
