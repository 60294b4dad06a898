/** A body is bytes whatever type it says to be, as it is on platforms whose clients send none, or a wrong one. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { requestLimit } from '../body-limit.ts'
import type { Config } from '../../config.ts'

export function registerAnyBody (scope: FastifyInstance, config: Config): void {
  scope.addContentTypeParser('*', async ({ bodyReader }: FastifyRequest) => await bodyReader.readAll(requestLimit(config)))
}
