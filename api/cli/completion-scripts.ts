/**
 * Completion scripts of a program, by shell. Where there is nothing to choose from, the shell completes names of files.
 * Nothing of the program runs at a TAB: all words are in the script.
 */
import type { CommandWords, OptionWords } from './command-words.ts'

export interface ProgramWords {
  readonly name: string
  readonly options: readonly OptionWords[]
  readonly commands: readonly CommandWords[]
}

export const completionScripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const

const flagsOf = (options: readonly OptionWords[]): string[] => options.flatMap(({ flags }) => flags)

function bashScript ({ name, options, commands }: ProgramWords): string {
  const valueCases = commands.flatMap((command) => command.options.filter(({ takesValue }) => takesValue).map(({ flags, choices }) =>
    `      ${flags.map((flag) => `${command.name}:${flag}`).join('|')}) words=${quote(choices.join(' '))} ;;`))
  const commandCases = commands.map((command) =>
    `      ${command.name}:*) words=${quote(command.choices.join(' '))} flags=${quote(flagsOf(command.options).join(' '))} ;;`)
  return `_${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} words='' flags=''
  if ((COMP_CWORD == 1)); then
    words=${quote(commands.map((command) => command.name).join(' '))} flags=${quote(flagsOf(options).join(' '))}
  else
    case \${COMP_WORDS[1]}:\${COMP_WORDS[COMP_CWORD - 1]} in
${[...valueCases, ...commandCases].join('\n')}
    esac
  fi
  if [[ $word == -* ]]; then words=$flags; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _${name} ${name}
`
}

function zshScript ({ name, options, commands }: ProgramWords): string {
  const described = commands.map((command) => `    ${quote(`${command.name}:${command.description}`)}`)
  const cases = commands.map((command) => {
    const rest = command.choices.length === 0 ? '*:file:_files' : `*:choice:(${command.choices.join(' ')})`
    return `    ${command.name}) _arguments ${[...command.options.map(zshOption), quote(rest)].join(' ')} ;;`
  })
  return `#compdef ${name}
_${name}() {
  local -a commands=(
${described.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    _arguments ${options.map(zshOption).join(' ')}
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`
}

/** As `'(-k --top-k)'{-k,--top-k}'[predictions an image]:value:_files'` */
function zshOption ({ flags, description, takesValue, choices }: OptionWords): string {
  const value = !takesValue ? '' : choices.length === 0 ? ':value:_files' : `:value:(${choices.join(' ')})`
  const behind = quote(`[${description.replaceAll(/[\\[\]:]/g, '\\$&')}]${value}`)
  return flags.length === 1 ? `${flags[0]}${behind}` : `${quote(`(${flags.join(' ')})`)}{${flags.join(',')}}${behind}`
}

function fishScript ({ name, options, commands }: ProgramWords): string {
  const complete = (condition: string, words: string, description: string): string =>
    `complete -c ${name} -n ${fishQuote(condition)} ${words} -d ${fishQuote(description)}`
  const option = (condition: string) => ({ flags, description, takesValue, choices }: OptionWords): string => {
    const names = flags.map((flag) => flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)
    const value = !takesValue ? [] : choices.length === 0 ? ['-r'] : ['-x', '-a', fishQuote(choices.join(' '))]
    return complete(condition, [...names, ...value].join(' '), description)
  }
  const lines = commands.flatMap((command) => {
    const isNamed = `__fish_seen_subcommand_from ${command.name}`
    const choices = command.choices.length === 0 ? [] : [`complete -c ${name} -n ${fishQuote(isNamed)} -f -a ${fishQuote(command.choices.join(' '))}`]
    return [complete('__fish_use_subcommand', `-f -a ${command.name}`, command.description), ...choices, ...command.options.map(option(isNamed))]
  })
  return `${[...options.map(option('__fish_use_subcommand')), ...lines].join('\n')}\n`
}

const quote = (text: string): string => `'${text.replaceAll('\'', '\'\\\'\'')}'`

const fishQuote = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`
