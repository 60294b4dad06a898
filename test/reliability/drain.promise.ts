/**
 * `SIGTERMS` times (100): clients that keep their connections, some without a pause and some with, meet a service that gets a SIGTERM.
 * All runs but the last shorten the drain delay; the last has the defaults. Only connections opened before the end of the delay count:
 * the kernel completes some later ones that the process never accepts. A refused connection counts by the time of its refusal, since
 * on a busy processor the delay may end between a client's clock and its connecting.
 */
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { deployed, ServerProcess } from '../server-process.ts'
import { now, type Outcome } from './connection.ts'
import { keepPromise, type Measured } from './keep-promise.ts'
import { sendLoad } from './load.ts'
import { photoRequest, smallPhoto } from './photos.ts'
import { bounds } from './promises.ts'
import { countOutcomes } from './statistics.ts'

const runs = Number(process.env['SIGTERMS'] ?? 100)
const shortDrainMs = 500
const defaultDrainMs = 3000
const wires = [photoRequest(await smallPhoto())]

interface Run {
  readonly answered: number
  readonly failed: readonly Outcome[]
  /** Connections, in the delay. */
  readonly refused: number
  readonly exitCode: number | null
  readonly seconds: number
}

async function terminateUnderLoad (t: TestContext, drainMs: number): Promise<Run> {
  const server = await ServerProcess.start(drainMs === defaultDrainMs ? {} : { DRAIN_DELAY_MS: String(drainMs) }, { entry: deployed })
  t.after(() => server.stop())
  server.forgetLog()
  const over = new AbortController()
  const { port } = server
  const busy = sendLoad({ port, wires, clients: 12 }, over.signal)
  const pausing = sendLoad({ port, wires, clients: 8, pauseMs: 100 }, over.signal)
  await sleep(200 + 200 * Math.random())
  const terminatedAt = now()
  server.signal('SIGTERM')
  const exitCode = await server.exitCode()
  const seconds = (now() - terminatedAt) / 1000
  over.abort()
  const outcomes = [...await busy, ...await pausing]
  const closesAt = terminatedAt + drainMs
  const served = outcomes.filter(({ code, openedAt, endedAt }) => (code === 'refused' ? endedAt : openedAt) < closesAt)
  return {
    answered: served.filter(({ status }) => status === 200).length,
    failed: served.filter(({ status, code }) => status !== 200 && code !== 'refused'),
    refused: served.filter(({ code }) => code === 'refused').length,
    exitCode,
    seconds,
  }
}

/** Seconds from a second SIGTERM to the end. */
async function terminateTwice (t: TestContext): Promise<number> {
  const server = await ServerProcess.start({}, { entry: deployed })
  t.after(() => server.stop())
  server.signal('SIGTERM')
  await server.line('closing')
  const secondAt = now()
  server.signal('SIGTERM')
  await server.exitCode()
  return (now() - secondAt) / 1000
}

keepPromise('drain', async (t): Promise<Measured> => {
  const all: Run[] = []
  for (let i = 1; i <= runs; i++) {
    const run = await terminateUnderLoad(t, i < runs ? shortDrainMs : defaultDrainMs)
    all.push(run)
    if (run.failed.length > 0 || run.refused > 0 || run.exitCode !== 0) {
      t.diagnostic(`run ${i}: ${countOutcomes(run.failed)}; ${run.refused} refused; exit ${run.exitCode}`)
    }
  }
  const sum = (count: (run: Run) => number): number => all.reduce((total, run) => total + count(run), 0)
  const failed = sum(({ failed }) => failed.length)
  const refused = sum(({ refused }) => refused)
  const slowest = Math.max(...all.map(({ seconds }) => seconds))
  const exits = sum(({ exitCode }) => exitCode === 0 ? 1 : 0)
  const secondSeconds = await terminateTwice(t)
  return {
    measured: `${runs} SIGTERMs: ${failed} of ${sum(({ answered }) => answered) + failed} requests failed, ${refused} connections refused in the delay, ` +
      `${exits} exits with 0, the slowest after ${slowest.toFixed(1)} s (with the defaults ${all.at(-1)!.seconds.toFixed(1)} s); second SIGTERM: ${secondSeconds.toFixed(2)} s`,
    checks: {
      'no failed request': failed === 0,
      'no refused connection in the delay': refused === 0,
      'exit 0': exits === runs,
      'in time': slowest <= bounds.drainSeconds,
      'a second SIGTERM ends at once': secondSeconds < 1,
    },
  }
})
