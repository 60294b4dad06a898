/** An input that a command cannot use; the message says what was expected and what was received. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Exit code of the process after a UsageError. */
export const usageExitCode = 2

/** A failure that is not due to the input: the same command may work later, and continues where it was. */
export class TryAgainError extends Error {
  override readonly name = 'TryAgainError'
}
