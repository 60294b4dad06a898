/** The process of the command line: what its commands throw, in a sentence and an exit code. */
import { explainFileError } from './explain-file-error.ts'
import { makeProgram } from './program.ts'
import { TryAgainError, UsageError, usageExitCode } from './usage-error.ts'

try {
  await makeProgram().parseAsync()
} catch (error) {
  // A reader of the output that has enough, as `head`, is no error.
  const hasReaderLeft = (error as NodeJS.ErrnoException).code === 'EPIPE'
  if (!hasReaderLeft) {
    process.stderr.write(`${explain(error)}\n`)
    process.exitCode = error instanceof UsageError ? usageExitCode : 1
  }
}

/** What a person can act on is one sentence; anything else is a bug and keeps its stack. */
function explain (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const ofFile = explainFileError(error)
  if (ofFile !== undefined) return ofFile
  const isExplained = error instanceof UsageError || error instanceof TryAgainError || 'code' in error // as CheckpointError, ModelError and system errors have
  return isExplained ? error.message : error.stack ?? error.message
}
