/** What a call of the client can end with, beside the reason of its own signal. */
import type { Problem, ProblemCode } from './openapi.ts'

/** The service, or a proxy before it, refused: an RFC 9457 problem. Match on `code`, which is stable. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem
  /** HTTP status. */
  readonly status: number
  /** One that later versions of the service add, or `http_502` of a proxy's own page, is a string that is not in the list. */
  readonly code: ProblemCode | (string & {})
  /** Finds the request in the service's log; empty if a proxy answered. */
  readonly requestId: string
  /** How long the service asks to wait, if it does. */
  readonly retryAfterMs: number | undefined

  constructor (problem: Problem, retryAfterMs?: number) {
    super(problem.detail)
    this.problem = problem
    this.status = problem.status
    this.code = problem.code
    this.requestId = problem.requestId
    this.retryAfterMs = retryAfterMs
  }
}

/** The deadline passed. The cause is what the last attempt ended with, if one had ended. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'

  constructor (deadlineMs: number, cause: unknown) {
    super(`Expected an answer within ${deadlineMs} ms, attempts included.`, { cause })
  }
}

/** No answer: the service cannot be reached, or the connection broke. The cause is what `fetch` said. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'

  constructor (url: string, cause: unknown) {
    super(`Expected an answer of ${url}, but the connection failed.`, { cause })
  }
}
