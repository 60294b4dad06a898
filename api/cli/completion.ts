/** `ghostserve completion`: a script with which a shell completes what is typed behind `ghostserve`. */
import { Argument, type Command } from 'commander'
import { commandWords, optionsOf } from './command-words.ts'
import { completionScripts } from './completion-scripts.ts'
import { writeOutput } from './write-output.ts'

export function addCompletionCommand (program: Command): void {
  program.command('completion')
    .description('Print a script that completes commands, options and their values in a shell.')
    .addArgument(new Argument('<shell>').choices(Object.keys(completionScripts)))
    .addHelpText('after', '\nExample:\n  ghostserve completion bash >> ~/.bashrc\n  ghostserve completion zsh > ~/.zsh/_ghostserve\n' +
      '  ghostserve completion fish > ~/.config/fish/completions/ghostserve.fish')
    .action(async (shell: keyof typeof completionScripts) => {
      await writeOutput(completionScripts[shell]({ name: program.name(), options: optionsOf(program), commands: commandWords(program) }))
    })
}
