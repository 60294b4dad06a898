/** Errors of a call of the client, besides the reason of its own signal. */
import type { Problem, ProblemCode } from './openapi.ts'

/** A rejection or failure, reported by the service or a proxy: an RFC 9457 problem. Match on `code`, which is stable. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem
  /** HTTP status. */
  readonly status: number
  /** Stable code. A later version of the service may add codes, and a proxy's own page has `http_502` or the like. */
  readonly code: ProblemCode | (string & {})
  /** Id that finds the request in the service's log; empty if a proxy responded. */
  readonly requestId: string
  /** Milliseconds to wait that the service requests, if it does. */
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

/** The deadline passed. The cause is the error of the last attempt, if one had ended. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'

  constructor (deadlineMs: number, cause: unknown) {
    super(`Expected a response within ${deadlineMs} ms, attempts included.`, { cause })
  }
}

/** No response: the service cannot be reached, or the connection broke. The cause is the error of `fetch`. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'

  constructor (url: string, cause: unknown) {
    super(`Expected a response of ${url}, but the connection failed.`, { cause })
  }
}
