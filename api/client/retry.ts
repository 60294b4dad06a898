/** Retries: which failures deserve another attempt, and after how long. Classification changes nothing, so repeating it is safe. */
import { ConnectionError, ProblemError } from './errors.ts'

const firstBackoffMs = 100
const longestBackoffMs = 5000

/** Statuses of a service or proxy that is busy, restarting or gone. Not 504, whose time has passed already. */
const passingStatuses = new Set([429, 502, 503])

export function isWorthRetrying (error: unknown): error is ProblemError | ConnectionError {
  return error instanceof ConnectionError || (error instanceof ProblemError && passingStatuses.has(error.status))
}

/**
 * Milliseconds to wait: never less than the service requests, plus a random time from a range that doubles, so that requests that
 * were rejected together return one by one.
 *
 * @param attempt - 0 for the first that failed.
 */
export function retryDelayMs (error: ProblemError | ConnectionError, attempt: number): number {
  const requestedMs = error instanceof ProblemError ? error.retryAfterMs ?? 0 : 0
  return requestedMs + Math.random() * Math.min(firstBackoffMs * 2 ** attempt, longestBackoffMs)
}

/** Milliseconds to wait. @param header - Retry-After: seconds or a date. */
export function parseRetryAfterMs (header: string | null): number | undefined {
  if (header === null) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
