/** A command was given something that it cannot use; the message says what was expected and what was received. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
