/** `ghostserve`, the command line. Each command has a file or folder here. */
import { Command } from 'commander'
import { packageVersion } from '../../models/package-root.ts'
import { addBenchCommand } from './bench/bench.ts'
import { addBuildCommand } from './build.ts'
import { addClassifyCommand } from './classify/classify.ts'
import { addDoctorCommand } from './doctor.ts'
import { addEvaluateCommand } from './evaluate/evaluate.ts'
import { addInspectCommand } from './inspect/inspect.ts'
import { addPullCommand } from './pull.ts'
import { addServeCommand } from './serve.ts'
import { usageExitCode } from './usage-error.ts'

const helpWidth = 100

export function makeProgram (): Command {
  const program = new Command('ghostserve')
    .description('Serve GhostNet: from a published checkpoint to labels over HTTP.')
    .version(packageVersion)
    .configureHelp({ helpWidth })
    .addHelpText('after', '\nExits with 0 on success, 1 if something failed, 2 if the command was given something that it cannot use.')
    .showHelpAfterError('(--help shows how)')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : usageExitCode))
  // Commands inherit the settings above from the program.
  addServeCommand(program)
  addPullCommand(program)
  addBuildCommand(program)
  addInspectCommand(program)
  addClassifyCommand(program)
  addEvaluateCommand(program)
  addBenchCommand(program)
  addDoctorCommand(program)
  return program
}
