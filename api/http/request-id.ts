import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** One that a log and a header can hold. */
const acceptable = /^[\w.:-]{1,128}$/

/** The client's own id of its request, if it gave an acceptable one; otherwise a new one. */
export function requestIdOf ({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && acceptable.test(given) ? given : randomUUID()
}
