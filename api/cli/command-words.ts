/** What can be typed behind a program's name, found in the program itself. */
import type { Argument, Command, Option } from 'commander'

export interface OptionWords {
  /** As `-k` and `--top-k`. */
  readonly flags: readonly string[]
  readonly description: string
  readonly takesValue: boolean
  /** Empty where any value will do. */
  readonly choices: readonly string[]
}

export interface CommandWords {
  readonly name: string
  readonly description: string
  readonly options: readonly OptionWords[]
  /** Of its arguments; empty where they are files or anything else. */
  readonly choices: readonly string[]
}

export function commandWords (program: Command): CommandWords[] {
  return program.createHelp().visibleCommands(program).map((command) => ({
    name: command.name(),
    description: command.description(),
    options: optionsOf(command),
    choices: command.registeredArguments.flatMap(({ argChoices }: Argument) => argChoices ?? []),
  }))
}

export function optionsOf (command: Command): OptionWords[] {
  return command.createHelp().visibleOptions(command).map(({ short, long, description, required, optional, argChoices }: Option) => ({
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    takesValue: required || optional,
    choices: argChoices ?? [],
  }))
}
