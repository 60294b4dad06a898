/** The process of the command line: turns errors of its commands into one sentence and an exit code. */
import { DownloadError } from '../../models/published/download-error.ts'
import { ModelError } from '../../models/manifest/model-error.ts'
import { CheckpointError } from '../../models/weights/checkpoint-error.ts'
import { ConfigError } from '../config.ts'
import { explainFileError } from './explain-file-error.ts'
import { explainOutputError } from './output-error.ts'
import { makeProgram } from './program.ts'
import { TryAgainError, UsageError, usageExitCode } from './usage-error.ts'

try {
  await makeProgram().parseAsync()
} catch (thrown) {
  const error = explainSystemError(thrown)
  // A reader of the output that closes early, such as `head`, is not an error.
  const hasReaderLeft = (error as NodeJS.ErrnoException).code === 'EPIPE'
  if (!hasReaderLeft) {
    process.stderr.write(`${explain(error)}\n`)
    process.exitCode = isUsageFault(error) ? usageExitCode : 1
  }
}

function explainSystemError (error: unknown): unknown {
  const fileError = explainFileError(error)
  if (fileError !== undefined) return new UsageError(fileError, { cause: error })
  return explainOutputError(error, (error as NodeJS.ErrnoException).path ?? 'the output')
}

/** Whether the command, its files or the configuration are at fault, and not the machine at this moment. */
function isUsageFault (error: unknown): boolean {
  const isWrong = [UsageError, ConfigError, ModelError, CheckpointError].some((kind) => error instanceof kind)
  return isWrong || (error instanceof DownloadError && error.code === 'DOWNLOAD_UNKNOWN_NAME')
}

/** Prints one sentence for an error that the user can fix; anything else is a bug and keeps its stack. */
function explain (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isExplained = error instanceof UsageError || error instanceof TryAgainError || 'code' in error // as CheckpointError, ModelError and system errors have
  return isExplained ? error.message : error.stack ?? error.message
}
