/**
 * Rejection of a checkpoint. Callers match on the code; the message is one sentence for the user.
 *
 * | code | meaning |
 * |---|---|
 * | `CHECKPOINT_UNKNOWN_FORMAT` | not a PyTorch, safetensors or MindSpore checkpoint |
 * | `CHECKPOINT_TRUNCATED` | the file ends before something that it declares |
 * | `CHECKPOINT_INVALID` | the file breaks the rules of its own format |
 * | `CHECKPOINT_UNSUPPORTED` | a valid file that uses a feature this project does not read |
 * | `CHECKPOINT_UNSAFE` | a pickle that requests more than plain data |
 * | `CHECKPOINT_TOO_LARGE` | reading it would take more memory or work than any GhostNet needs |
 * | `CHECKPOINT_FOREIGN` | a sound checkpoint of another network |
 * | `CHECKPOINT_OVERFLOW` | a value does not fit the dtype in which it is to be written |
 */
export type CheckpointErrorCode =
  | 'CHECKPOINT_UNKNOWN_FORMAT'
  | 'CHECKPOINT_TRUNCATED'
  | 'CHECKPOINT_INVALID'
  | 'CHECKPOINT_UNSUPPORTED'
  | 'CHECKPOINT_UNSAFE'
  | 'CHECKPOINT_TOO_LARGE'
  | 'CHECKPOINT_FOREIGN'
  | 'CHECKPOINT_OVERFLOW'

export class CheckpointError extends Error {
  override readonly name = 'CheckpointError'
  readonly code: CheckpointErrorCode

  constructor (code: CheckpointErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

const longestQuote = 120

/** Quotes text from a file for one line of a terminal: a hostile name may be megabytes long or hold control characters. */
export function quote (text: string): string {
  const start = text.length > longestQuote ? `${text.slice(0, longestQuote)}...` : text
  return JSON.stringify(start).replace(/[^\x20-\x7e]/g, '?')
}
