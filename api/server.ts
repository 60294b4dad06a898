/** The process of the service: configuration, model, application, signals. Other commands start in `cli/main.ts`. */
import { setFlagsFromString } from 'node:v8'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import type { Classifier } from './engine/classifier.ts'
import { ConfigError, readConfig, type Config } from './config.ts'
import { createClassifier } from './engine/create-classifier.ts'
import { Log } from './log.ts'
import { ModelError } from '../models/manifest/model-error.ts'

/** Faults in native code. The service cannot close gracefully: with a handler, the instruction would be repeated for ever. */
const faults = ['SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGSEGV'] as const

// Bodies and pixels are large compared with the heap, so V8 would mark all of it several times per second: docs/decisions/0027.
setFlagsFromString('--heap-growing-percent=400')

async function serve (): Promise<void> {
  const config = readConfig()
  let app: FastifyInstance | undefined
  const classifier = await createClassifier(config, (error) => app?.log.error({ err: error }, 'a session worker died; starting another'))
  // Sessions start on their own threads while this one loads the framework and compiles its schemas.
  const started = classifier.start()
  started.catch(() => {}) // it is awaited below
  try {
    app = await openApp(config, classifier)
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    explain(error)
    await classifier.close() // a thread that is torn down while it makes a session takes the process with it
    process.exit(1)
  }
  // Requests that come before the sessions are ready wait in the queue: some platforms send them as soon as the port opens.
  await started
  if (app.isDraining) return
  const { model: { manifest: { name }, version, layout }, executionProvider, device } = classifier
  const { workers, maxBatchSize } = classifier
  app.log.info({ model: name, version, layout, executionProvider, device, workers, maxBatchSize, startMs: Math.round(performance.now()) }, 'ready')
}

/** The application with its log and its signals. */
async function openApp (config: Config, classifier: Classifier): Promise<FastifyInstance> {
  const { buildApp } = await import('./app.ts')
  const log = new Log(process.stdout.isTTY ? (await import('pino-pretty')).default.prettyFactory({ ignore: 'pid,hostname', colorize: true }) : undefined)
  process.on('exit', () => log.flush())
  const app = buildApp(config, classifier, { level: config.logLevel, stream: log })
  closeWithGrace({ delay: config.shutdownTimeoutMs, logger: app.log, skip: [...faults] }, async ({ signal, err }) => {
    if (err !== undefined) app.log.fatal({ err }, 'unexpected error')
    else app.log.info({ signal }, 'closing')
    // Ctrl-C comes from a user who waits; SIGTERM from a platform whose load balancers have not noticed yet.
    await app.drain(signal === 'SIGTERM' ? config.drainDelayMs : 0)
  })
  return app
}

/** One sentence for an error that the user can fix; the stack of any other. */
function explain (error: unknown): void {
  const isExplained = error instanceof ConfigError || error instanceof ModelError || isSystemError(error)
  process.stderr.write(`${isExplained ? error.message : String((error as Error).stack)}\n`)
}

serve().catch((error: unknown) => {
  explain(error)
  process.exit(1)
})

function isSystemError (error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}
