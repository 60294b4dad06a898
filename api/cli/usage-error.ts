/** A command was given something that it cannot use; the message says what was expected and what was received. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Of the process, after a UsageError. */
export const usageExitCode = 2

/** Something failed that is not what the command was given: the same command may work later, and goes on where it was. */
export class TryAgainError extends Error {
  override readonly name = 'TryAgainError'
}
