import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { exchange, type Answer } from '../hostile/exchange.ts'
import { filePart, form, upload } from '../hostile/wire.ts'
import { deployed, ServerProcess } from '../server-process.ts'
import { now } from './connection.ts'
import { faultyEnvironment, faultyImage } from './inject-faults.ts'
import { keepPromise } from './keep-promise.ts'
import { startLoad } from './load.ts'
import { photoRequest, smallPhoto } from './photos.ts'
import { bounds } from './promises.ts'
import { countOutcomes } from './statistics.ts'

const deaths = Number(process.env['WORKER_DEATHS'] ?? 10)
const workers = 2
const maxBatchSize = 8
const failuresInARow = 3
const pollMs = 5
const photo = await smallPhoto()
const [deadly, refused] = await Promise.all([faultyImage('dies'), faultyImage('throws')])

async function startServer (t: TestContext, count: number): Promise<ServerProcess> {
  const server = await ServerProcess.start({ ...faultyEnvironment, WORKERS: String(count) }, { entry: deployed })
  t.after(() => server.stop())
  return server
}

async function ask (server: ServerProcess, wire: Buffer): Promise<Answer> {
  const { answers: [answer] } = await exchange(server.port, wire)
  return answer!
}

function isRetryable ({ status, headers, body }: Answer): boolean {
  return status === 503 && body.includes('"inference_failed"') && Number(headers.get('retry-after')) >= 1
}

/** Seconds from the end of a worker, as the log has it, until all are alive again. */
async function timeReplacement (server: ServerProcess): Promise<number> {
  const known = server.lines.filter(({ msg }) => msg.startsWith('a session worker died')).length
  let death
  while (death === undefined) {
    await sleep(pollMs)
    death = server.lines.filter(({ msg }) => msg.startsWith('a session worker died'))[known]
  }
  while (await server.metric('ghostserve_workers_alive') < workers) await sleep(pollMs)
  return (now() - death.time) / 1000
}

interface Deaths {
  /** Seconds of the slowest replacement. */
  readonly slowest: number
  /** Other requests, by how they ended. */
  readonly failed: string
  readonly failures: number
  readonly answered: number
  readonly isContained: boolean
}

/** Workers die under load, one after another. */
async function killWorkers (t: TestContext): Promise<Deaths> {
  const server = await startServer(t, workers)
  const load = await startLoad({ port: server.port, wires: [photoRequest(photo)], clients: 8 })
  const replacements: number[] = []
  let isRetryableEach = true
  for (let i = 0; i < deaths; i++) {
    const replacement = timeReplacement(server)
    isRetryableEach &&= isRetryable(await ask(server, upload(deadly, 'image/png')))
    replacements.push(await replacement)
  }
  load.stop()
  const outcomes = await load.outcomes
  const failures = outcomes.filter(({ status }) => status !== 200)
  return {
    slowest: Math.max(...replacements),
    failed: countOutcomes(failures),
    failures: failures.length,
    answered: outcomes.length - failures.length,
    isContained: isRetryableEach && failures.length <= deaths * (maxBatchSize - 1) &&
      failures.every(({ code, retryAfter }) => code === 'inference_failed' && retryAfter !== undefined),
  }
}

/** Seconds in which the service was not ready after its only session failed so often; undefined if it never was. */
async function breakSession (t: TestContext): Promise<{ failsAlone: boolean, notReadySeconds: number | undefined }> {
  const server = await startServer(t, 1)
  const { status, body } = await ask(server, form([filePart(photo), filePart(refused), filePart(photo)]))
  const { results = [] } = JSON.parse(body) as { results?: Array<{ predictions?: object[], error?: object }> }
  const failsAlone = status === 200 && results.map(({ error }) => error === undefined).join() === 'true,false,true'

  for (let i = 0; i < failuresInARow; i++) await ask(server, upload(refused, 'image/png'))
  const { time } = await server.line(({ msg }) => msg.startsWith('a session worker died'))
  const readiness = async (): Promise<number> => (await fetch(`${server.url}/readyz`)).status
  const wasReady = await readiness() === 200
  while (await readiness() !== 200) await sleep(pollMs)
  const notReadySeconds = (now() - time) / 1000
  const works = (await ask(server, upload(photo))).status === 200
  return { failsAlone, notReadySeconds: wasReady || !works ? undefined : notReadySeconds }
}

keepPromise('worker-death', async (t) => {
  const { slowest, failed, failures, answered, isContained } = await killWorkers(t)
  const { failsAlone, notReadySeconds } = await breakSession(t)
  return {
    measured: `${deaths} deaths under load: replaced within ${slowest.toFixed(2)} s, ${failures} of ${answered + failures} other requests failed` +
      `${failures > 0 ? ` (${failed})` : ''}; a broken session: not ready for ${notReadySeconds?.toFixed(2) ?? '?'} s, then replaced`,
    checks: {
      'replaced in time': slowest <= bounds.replacementSeconds,
      'only its own batch fails, and can be tried again': isContained && answered > 0,
      'a bad image fails alone': failsAlone,
      'a broken session takes readiness away and is replaced': notReadySeconds !== undefined && notReadySeconds <= bounds.replacementSeconds,
    },
  }
})
