/** The process: configuration, model, application, signals. The only file that touches `process`. */
import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { countAvailableCores } from './available-cores.ts'
import { Classifier } from './classifier.ts'
import { ConfigError, readConfig } from './config.ts'
import { loadModel } from './load-model.ts'
import { ModelError } from '../models/manifest.ts'

/** Decoding leaves room for one session's thread on each core; more decodes at once only wait for the same cores. */
const decodesPerCore = 2

async function serve (): Promise<void> {
  const config = readConfig()
  const model = await loadModel(config.model, config.modelDir, config.layout)
  const cores = countAvailableCores()
  const workers = config.workers === 0 ? Math.max(1, Math.floor(cores / config.intraOpNumThreads)) : config.workers

  const classifier = new Classifier({
    ...config,
    model,
    workers,
    pixelLimits: config,
    decodeConcurrency: cores * decodesPerCore,
    onWorkerDeath: (error) => app.log.error({ err: error }, 'a session worker died; starting another'),
  })
  const app = buildApp(config, classifier, {
    level: config.logLevel,
    ...(process.stdout.isTTY ? { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } } : {}),
  })
  closeWithGrace({ delay: config.shutdownTimeoutMs, logger: app.log }, async ({ signal, err }) => {
    if (err !== undefined) app.log.fatal({ err }, 'unexpected error')
    else app.log.info({ signal }, 'closing')
    // Ctrl-C comes from a person who waits; SIGTERM from a platform whose load balancers do not know yet.
    await app.drain(signal === 'SIGTERM' ? config.drainDelayMs : 0)
  })

  // Requests that come before the sessions are ready wait in the queue: some platforms send them as soon as the port opens.
  await app.listen({ host: config.host, port: config.port })
  await classifier.start()
  app.log.info({
    model: model.manifest.name,
    version: model.version,
    layout: model.layout,
    workers,
    startMs: Math.round(performance.now()),
  }, 'ready')
}

serve().catch((error: unknown) => {
  const isExplained = error instanceof ConfigError || error instanceof ModelError || isSystemError(error)
  process.stderr.write(`${isExplained ? error.message : String((error as Error).stack)}\n`)
  process.exit(1)
})

function isSystemError (error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}
