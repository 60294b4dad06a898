/** Environment -> Config. The service reads it nowhere else; every variable's unit is in its name. */
import { Ajv, type ErrorObject } from 'ajv'
import { Type, type Static } from 'typebox'
import { layouts } from '../models/onnx/layout.ts'

export const executionProviders = ['cpu', 'cuda', 'tensorrt', 'webgpu'] as const

/** A provider of onnxruntime, which runs the graph. */
export type ExecutionProvider = typeof executionProviders[number]

export const imageFormatNames = ['jpeg', 'png', 'webp', 'avif', 'gif'] as const

export type ImageFormatName = typeof imageFormatNames[number]

const integer = (description: string, defaultValue: number, minimum: number, maximum: number) =>
  Type.Integer({ description, default: defaultValue, minimum, maximum })

const MiB = 1024 * 1024

/** A path without wildcards. */
const routePattern = '^(/[A-Za-z0-9._~:@-]+)*$'

export const EnvironmentSchema = Type.Object({
  HOST: Type.String({ description: 'Address to listen on.', default: '0.0.0.0', minLength: 1 }),
  PORT: integer('Port to listen on; 0 takes a free one.', 8080, 0, 65_535),
  AIP_HTTP_PORT: integer('Vertex AI\'s name of `PORT`, which it overrides. 0: not on Vertex AI.', 0, 0, 65_535),
  AIP_HEALTH_ROUTE: Type.String({ description: 'Path of readiness for Vertex AI. Empty: not on Vertex AI.', default: '', pattern: routePattern }),
  AIP_PREDICT_ROUTE: Type.String({ description: 'Path of predictions for Vertex AI. Empty: not on Vertex AI.', default: '', pattern: routePattern }),
  METRICS_PORT: integer('Port of `/metrics`; 0: the main port.', 0, 0, 65_535),
  LOG_LEVEL: Type.Union(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)), {
    description: 'Lowest level that is logged.', default: 'info',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.String({
    description: 'Base URL of an OpenTelemetry collector (OTLP over HTTP), to which traces go. Empty: no traces.',
    default: '',
    pattern: '^(https?://[^/]+.*)?$',
  }),
  OTEL_SERVICE_NAME: Type.String({ description: 'Name of this service in traces.', default: 'ghostserve', minLength: 1 }),
  MODEL: Type.String({ description: 'A model directory, or the name of a model in the model store. Empty: the bundled model.', default: '' }),
  MODEL_DIR: Type.String({ description: 'The model store, where `ghostserve pull` puts models. Empty: the user\'s cache directory.', default: '' }),
  MODEL_NAME: Type.String({
    description: 'Name of the model in the paths of inference protocols. Empty: its own.', default: '', pattern: '^([A-Za-z0-9][A-Za-z0-9._-]{0,99})?$',
  }),
  LAYOUT: Type.Union([Type.Literal('auto'), ...layouts.map((layout) => Type.Literal(layout))], {
    description: 'Layout of the graph; `auto` chooses the fastest for this processor.', default: 'auto',
  }),
  EXECUTION_PROVIDER: Type.Union([Type.Literal('auto'), ...executionProviders.map((provider) => Type.Literal(provider))], {
    description: 'What runs the graph; `auto` takes cuda, webgpu on a GPU, or cpu. Named, it must load.', default: 'auto',
  }),
  WORKERS: integer('Sessions, each on its own thread. 0: one per core, or one on a GPU.', 0, 0, 256),
  INTRA_OP_NUM_THREADS: integer('Threads inside one session.', 1, 1, 256),
  MAX_BATCH_SIZE: integer('Images that run together at most. 0: as many as suit the model and what runs it, up to 8.', 0, 0, 256),
  MAX_QUEUE_DELAY_MS: integer('Longest wait for a batch to grow while a worker is free.', 0, 0, 1000),
  MAX_QUEUE_SIZE: integer('Images in flight (decoding, waiting or running) above which requests are rejected.', 128, 1, 100_000),
  MAX_CLIENT_IMAGES: integer('Images in flight per client (API key, or else address) above which its requests are rejected. 0: no such limit.', 64, 0, 100_000),
  REQUEST_TIMEOUT_MS: integer('Longest time from a request\'s arrival to its response.', 10_000, 1, 600_000),
  MAX_IMAGES: integer('Most images per request.', 16, 1, 1000),
  MAX_IMAGE_BYTES: integer('Most bytes per encoded image.', 10 * MiB, 1, 1024 * MiB),
  MAX_REQUEST_BYTES: integer('Most bytes per request with several images, as sent.', 32 * MiB, 1, 1024 * MiB),
  MAX_IMAGE_PIXELS: integer('Largest width x height of an image.', 50_000_000, 1, 1_000_000_000),
  MAX_IMAGE_SIDE: integer('Largest width or height of an image, in pixels.', 12_000, 1, 65_535),
  IMAGE_FORMATS: Type.String({
    description: `Accepted formats, separated by commas, of ${imageFormatNames.join(', ')}.`,
    default: 'jpeg,png,webp',
    pattern: `^(${imageFormatNames.join('|')})(,(${imageFormatNames.join('|')}))*$`,
  }),
  DECODE_TIMEOUT_SECONDS: integer('Longest decoding time per image. Small upright JPEGs, which take some ms, are exempt.', 5, 1, 3600),
  DECODE_MEMORY_BYTES: integer('Memory for all images that are decoded before the queue at the same time. 0: a quarter of the memory.', 0, 0, Number.MAX_SAFE_INTEGER),
  REQUEST_MEMORY_BYTES: integer('Memory for the bodies of all requests in flight. 0: a quarter of the memory.', 0, 0, Number.MAX_SAFE_INTEGER),
  MAX_EVENT_LOOP_DELAY_MS: integer('Mean delay of the main thread\'s timers above which images are rejected.', 500, 1, 600_000),
  MAX_RESIDENT_BYTES: integer(
    'Resident memory above which images are rejected; slightly above that, the service is not ready. 0: 90 % of the memory.', 0, 0, Number.MAX_SAFE_INTEGER),
  KEEP_ALIVE_TIMEOUT_MS: integer('Idle time before a connection is closed; must exceed that of a load balancer in front.', 75_000, 1, 3_600_000),
  DRAIN_DELAY_MS: integer('From SIGTERM to the last new connection: time for load balancers to notice.', 3000, 0, 600_000),
  SHUTDOWN_TIMEOUT_MS: integer('From SIGTERM to the end at the latest.', 8000, 1, 600_000),
  API_KEYS_FILE: Type.String({ description: 'File with a line `key-id sha256` per API key. Empty: no key is needed.', default: '' }),
  PLAYGROUND: Type.Boolean({ description: 'Whether `/` is the playground; `false`: only a liveness response.', default: true }),
  CORS_ORIGINS: Type.String({ description: 'Origins whose pages may call the service, separated by commas; `*` for all. Empty: none.', default: '' }),
  TRUST_PROXY: Type.String({
    description: 'Trusted proxies, whose `X-Forwarded-For` counts: their number, or their addresses and ranges, separated by commas. Empty: none.',
    default: '',
  }),
})

type Environment = Static<typeof EnvironmentSchema>

/** `MAX_QUEUE_SIZE` -> `maxQueueSize` */
type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<Name>

/** The same words in camelCase. */
export type Config = { readonly [Name in keyof Environment as CamelCase<Name>]: Environment[Name] }

/** A variable that cannot be used; the message names it, what was expected and what was received. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'CONFIG_INVALID'
}

/** @throws ConfigError for the first variable that is not valid. */
export function readConfig (environment: NodeJS.ProcessEnv = process.env): Config {
  const values: unknown = { ...environment }
  // Validating the schema itself would take a tenth of a start: test/api/schemas.test.ts does it.
  const ajv = new Ajv({ coerceTypes: true, useDefaults: true, removeAdditional: 'all', validateSchema: false })
  if (!ajv.validate<Environment>(EnvironmentSchema, values)) throw new ConfigError(describe(ajv.errors![0]!, environment))
  if (values.AIP_HTTP_PORT > 0) values.PORT = values.AIP_HTTP_PORT
  if (values.MAX_IMAGES > values.MAX_QUEUE_SIZE / 2) {
    throw new ConfigError(
      `Expected MAX_IMAGES to be at most half of MAX_QUEUE_SIZE (${values.MAX_QUEUE_SIZE}), so that no request fills the queue alone, got ${values.MAX_IMAGES}.`)
  }
  return Object.freeze(Object.fromEntries(Object.entries(values).map(([name, value]) => [toCamelCase(name), value]))) as Config
}

interface VariableSchema { type?: string, minimum?: number, maximum?: number, anyOf?: Array<{ const: string }> }

function describe (issue: ErrorObject, environment: NodeJS.ProcessEnv): string {
  const name = issue.instancePath.slice(1)
  const received = JSON.stringify(environment[name] ?? '')
  const { type, anyOf, minimum, maximum } = (EnvironmentSchema.properties as Record<string, VariableSchema>)[name] ?? {}
  if (anyOf !== undefined) return `Expected ${name} to be one of ${anyOf.map((option) => option.const).join(', ')}, got ${received}.`
  if (type === 'boolean') return `Expected ${name} to be true or false, got ${received}.`
  if (minimum !== undefined && maximum !== undefined) return `Expected ${name} to be a whole number from ${minimum} to ${maximum}, got ${received}.`
  return `Expected another ${name} than ${received}: it ${issue.message ?? 'is not valid'}.`
}

function toCamelCase (name: string): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}
