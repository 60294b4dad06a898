/** When a failed attempt is worth another, and after how long. Classification changes nothing: it may be asked for twice. */
import { ConnectionError, ProblemError } from './errors.ts'

const firstBackoffMs = 100
const longestBackoffMs = 5000

/** The service or a proxy is busy, restarting or gone. A 504 is not among them: its time has passed already. */
const passingStatuses = new Set([429, 502, 503])

export function isWorthRetrying (error: unknown): error is ProblemError | ConnectionError {
  return error instanceof ConnectionError || (error instanceof ProblemError && passingStatuses.has(error.status))
}

/**
 * Never earlier than the service asks for. The rest is chance, in a range that doubles: those refused together come back one by one.
 *
 * @param attempt - 0 for the first that failed.
 */
export function retryDelayMs (error: ProblemError | ConnectionError, attempt: number): number {
  const askedMs = error instanceof ProblemError ? error.retryAfterMs ?? 0 : 0
  return askedMs + Math.random() * Math.min(firstBackoffMs * 2 ** attempt, longestBackoffMs)
}

/** @param header - Retry-After: seconds or a date. */
export function parseRetryAfterMs (header: string | null): number | undefined {
  if (header === null) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
