/** A body is bytes whatever type it says to be, as it is on platforms whose clients send none, or a wrong one. */
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'

export function registerAnyBody (scope: FastifyInstance, { maxRequestBytes }: Config): void {
  scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxRequestBytes }, async (_request: unknown, body: Buffer) => body)
}
