/** docs/reference/, from the code. Run as built, it writes the files: `npm run docs:reference`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { makeProgram } from '../../api/cli/program.ts'
import { EnvironmentSchema } from '../../api/config.ts'
import { errorCodes, ServiceError } from '../../api/errors.ts'
import { packageRoot } from '../../models/package-root.ts'
import { documentedCases } from '../hostile/document.ts'

export const referenceFolder = join(packageRoot, 'docs/reference')

const written = 'Written by `npm run docs:reference`'

/** File in docs/reference/ -> its text. */
export function renderReference (): Record<string, string> {
  return { 'command-line.md': renderCommandLine(), 'configuration.md': renderConfiguration(), 'errors.md': renderErrors(), 'http.md': renderHttp() }
}

function renderCommandLine (): string {
  const program = makeProgram()
  const sections = program.commands.flatMap((command) => [`## ghostserve ${command.name()}`, '', ...helpOf(command), ''])
  return page('Command line', `${written} from the program. \`npx ghostserve\` in a clone or where the package is installed. Every command takes the service's ` +
    '[environment variables](configuration.md) as far as they concern it. It ends with 0 if all was done; with 1 if something failed: a file that has no labels, a ' +
    'download that was interrupted, a full disk, a `doctor` that finds that the service cannot start; and with 2 if the command was given something that it cannot use: an option, a model or a ' +
    'data set that is not there or not of its kind, or a path to write where something else is: that stays as it is. `classify --list LIST --out FILE` and `evaluate` write down or count files that ' +
    'cannot be classified, which are no failure there, unless no file of the list has labels.', [...helpOf(program), '', ...sections.slice(0, -1)])
}

function helpOf (command: Command): string[] {
  let help = ''
  command.configureOutput({ writeOut: (text) => { help += text } }).outputHelp()
  return ['```text', help.trim(), '```']
}

interface Variable {
  readonly default: string | number | boolean
  readonly description: string
  readonly type?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
  readonly anyOf?: ReadonlyArray<{ readonly const: string }>
}

function renderConfiguration (): string {
  const rows = Object.entries<object>(EnvironmentSchema.properties).map(([name, property]) => {
    const { default: value, description, ...rest } = property as Variable
    return `| \`${name}\` | ${value === '' ? '' : `\`${value}\``} | ${describeValues(rest)} | ${description} |`
  })
  return page('Configuration', `${written} from \`api/config.ts\`. Environment variables; a value that cannot be used ends the start with one sentence.`, [
    '| variable | default | values | meaning |', '|---|---|---|---|', ...rows,
  ])
}

function describeValues ({ type, minimum, maximum, pattern, anyOf }: Omit<Variable, 'default' | 'description'>): string {
  if (anyOf !== undefined) return anyOf.map(({ const: choice }) => `\`${choice}\``).join(', ')
  if (type === 'integer') return `${minimum} to ${maximum}`
  if (type === 'boolean') return '`true`, `false`'
  return pattern === undefined ? 'text' : 'text of a form'
}

interface Problem { readonly code: string, readonly detail: string }
interface Media { readonly schema?: object, readonly examples?: Readonly<Record<string, { readonly value: Problem }>> }
interface Parameter {
  readonly name: string
  readonly in: string
  readonly description?: string
  readonly schema: { readonly type?: string, readonly minimum?: number, readonly maximum?: number, readonly default?: number }
}
interface Operation {
  readonly summary: string
  readonly description: string
  readonly security?: readonly object[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, object>> }
  readonly responses: Readonly<Record<string, { readonly description: string, readonly content?: Readonly<Record<string, Media>> }>>
  readonly 'x-codeSamples'?: ReadonlyArray<{ readonly label: string, readonly source: string }>
}

/** The contract as a test holds it against the service. */
function readContract (): Array<readonly [method: string, path: string, operation: Operation]> {
  const { paths } = JSON.parse(readFileSync(join(packageRoot, 'test/api/openapi.json'), 'utf8')) as { paths: Record<string, Record<string, Operation>> }
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => [method.toUpperCase(), path, operation] as const))
}

function problemsOf ({ responses }: Operation): Problem[] {
  return Object.values(responses).flatMap(({ content }) =>
    Object.values(content?.['application/problem+json']?.examples ?? {}).map(({ value }) => value))
}

function renderErrors (): string {
  const details = new Map(readContract().flatMap(([, , operation]) => problemsOf(operation)).map(({ code, detail }) => [code, detail]))
  const rows = errorCodes.filter((code) => code !== 'client_gone').map((code) => {
    const { statusCode, title } = new ServiceError(code, '')
    const inputs = documentedCases.filter(({ answer }) => answer.includes(`\`${code}\``)).map(({ input }) => input)
    return `| \`${code}\` | ${statusCode} | ${title} | ${details.get(code) ?? ''} | ${inputs.slice(0, 2).join('; ')} |`
  })
  return page('Errors', `${written} from \`api/errors.ts\`, the contract and the hostile catalogue. Every refusal is \`application/problem+json\` (RFC 9457) with a stable ` +
    '`code`; match on that, not on the sentence. 429 and 503 say in `Retry-After` when to try again. ' +
    'In the log and in `ghostserve_rejections_total` there is also `client_gone`, of a client that left.', [
    '| code | status | title | says, for instance | inputs that get it, for instance |', '|---|---|---|---|---|', ...rows,
  ])
}

function renderHttp (): string {
  const sections = readContract().flatMap(([method, path, operation]) => [
    `## ${method} ${path}`,
    '',
    `${operation.summary}. ${operation.description}`,
    '',
    ...renderParameters(operation),
    ...operation.requestBody === undefined ? [] : [`Body: ${Object.keys(operation.requestBody.content).map((type) => `\`${type}\``).join(', ')}.`, ''],
    `200: ${operation.responses['200']!.description} \`${Object.keys(operation.responses['200']!.content ?? {}).join('`, `')}\``,
    '',
    `Problems: ${problemsOf(operation).map(({ code }) => `[\`${code}\`](errors.md)`).join(', ')}.`,
    '',
    ...(operation['x-codeSamples'] ?? []).flatMap(({ label, source }) => [`${label}:`, '', `    ${source}`, '']),
  ])
  return page('HTTP', `${written} from the service's own contract, which it answers at \`GET /openapi.json\` with all schemas, and shows at \`GET /docs\`. Numbers in it are those ` +
    'of the default [configuration](configuration.md) and the bundled model. [Metrics](metrics.md) have a page of their own.', sections.slice(0, -1))
}

function renderParameters ({ parameters = [] }: Operation): string[] {
  if (parameters.length === 0) return []
  const rows = parameters.map(({ name, in: place, description = '', schema: { type = '', minimum, maximum, default: value } }) => {
    const bounds = minimum === undefined ? '' : maximum === undefined ? `, from ${minimum}` : `, ${minimum} to ${maximum}`
    return `| \`${name}\` | ${place} | ${type}${bounds} | ${value === undefined ? '' : `\`${value}\``} | ${description} |`
  })
  return ['| parameter | in | values | default | meaning |', '|---|---|---|---|---|', ...rows, '']
}

function page (title: string, introduction: string, lines: readonly string[]): string {
  return [`# ${title}`, '', introduction, '', ...lines, ''].join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [file, text] of Object.entries(renderReference())) writeFileSync(join(referenceFolder, file), text)
}
