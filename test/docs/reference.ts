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
  return page('Command line', `${written} from the program. \`npx ghostserve\` works in a clone, or where the package is installed. Every command reads the service's ` +
    '[environment variables](configuration.md) as far as they concern it. Exit codes: 0, all was done; 1, something failed, such as an interrupted download, a full disk, ' +
    'no file with labels, or a `doctor` that finds that the service cannot start; 2, an argument cannot be used: an option, a model or a data set that does not exist or ' +
    'is of another kind, or an output path that holds something else, which stays as it is. `classify --list LIST --out FILE` and `evaluate` record or count the files ' +
    'that cannot be classified, and fail only if no file has labels.', [...helpOf(program), '', ...sections.slice(0, -1)])
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
  return page('Errors', `${written} from \`api/errors.ts\`, the contract and the hostile catalogue. Every error is \`application/problem+json\` (RFC 9457) with a stable ` +
    '`code`; match on that, not on the sentence. 429 and 503 say in `Retry-After` when to try again. ' +
    'The log and `ghostserve_rejections_total` also have `client_gone`, for a client that disconnected.', [
    '| code | status | title | says, for instance | inputs that get it, for instance |', '|---|---|---|---|---|', ...rows,
  ])
}

/** Every platform's own form of `/classify`. */
const platforms = [
  '`Server-Timing` has the milliseconds of each stage, and `x-request-id` finds the request in the log. [Errors](errors.md) have stable codes.',
  '',
  '## Platforms',
  '',
  'Each platform has its own routes, with the same pipeline, limits and errors. `{name}` is `MODEL_NAME`, or else the model\'s own name. `predictions` has ' +
  'one result per instance, like `results` of `/classify`.',
  '',
  '| platform | routes |',
  '|---|---|',
  '| KServe, Triton clients | Open Inference Protocol: `GET /v2`, `/v2/health/live`, `/v2/health/ready`, `/v2/models/{name}`, `POST /v2/models/{name}/infer`. ' +
  'Input `images` (`BYTES`) or `pixels` (`UINT8`, as the model sees them), outputs `scores` and `logits`, in JSON or with the binary tensor and ' +
  'classification extensions |',
  '| KServe v1 | `GET /v1/models/{name}`, `POST /v1/models/{name}:predict` with `{"instances": [{"b64": "..."}], "parameters": {"topK": 5}}` |',
  '| SageMaker | `GET /ping`, `POST /invocations` with one image, or with `instances` |',
  '| Vertex AI | the port and the paths that `AIP_HTTP_PORT`, `AIP_HEALTH_ROUTE` and `AIP_PREDICT_ROUTE` name, with `instances` |',
  '| Cloud Run, Knative | `PORT` |',
  '| AWS Lambda | the Lambda Web Adapter in front, with `AWS_LWA_READINESS_CHECK_PATH=/readyz`; not tested |',
]

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
    'of the default [configuration](configuration.md) and the bundled model. [Metrics](metrics.md) have a page of their own.', [...platforms, '', ...sections.slice(0, -1)])
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
