/** `ghostserve`, the command line. Each command is a file beside this one. */
import { Command } from 'commander'
import { packageVersion } from '../../models/package-root.ts'
import { addBenchCommand } from './bench.ts'
import { addBuildCommand } from './build.ts'
import { addClassifyCommand } from './classify.ts'
import { addCompletionCommand } from './completion.ts'
import { addDoctorCommand } from './doctor.ts'
import { addEvaluateCommand } from './evaluate.ts'
import { explainFileError } from './explain-file-error.ts'
import { addInspectCommand } from './inspect.ts'
import { addPullCommand } from './pull.ts'
import { addTuneCommand } from './tune.ts'
import { UsageError } from './usage-error.ts'

const program = new Command('ghostserve')
  .description('Serve GhostNet: from a published checkpoint to labels over HTTP.')
  .version(packageVersion)
  .addHelpText('after', '\nThe service itself: ghostserve serve, configured by environment variables (README.md).')
  .showHelpAfterError('(--help shows how)')

addPullCommand(program)
addBuildCommand(program)
addInspectCommand(program)
addClassifyCommand(program)
addEvaluateCommand(program)
addBenchCommand(program)
addTuneCommand(program)
addDoctorCommand(program)
addCompletionCommand(program)

try {
  await program.parseAsync()
} catch (error) {
  // A reader of the output that has enough, as `head`, is no error.
  const hasReaderLeft = (error as NodeJS.ErrnoException).code === 'EPIPE'
  if (!hasReaderLeft) {
    process.stderr.write(`${explain(error)}\n`)
    process.exitCode = 1
  }
}

/** What a person can act on is one sentence; anything else is a bug and keeps its stack. */
function explain (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const ofFile = explainFileError(error)
  if (ofFile !== undefined) return ofFile
  const isExplained = error instanceof UsageError || 'code' in error // as CheckpointError, ModelError and system errors have
  return isExplained ? error.message : error.stack ?? error.message
}
