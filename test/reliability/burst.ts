/**
 * Ten times as many requests as the service can answer, and what it is like before and after. The service has one processor and its
 * clients have another: real ones bring their own, and their own cost of sending ten times too much is not the service's.
 */
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { deployed, ServerProcess } from '../server-process.ts'
import { now, type Outcome } from './connection.ts'
import { runLoad, startLoad, type Load } from './load.ts'
import { photoRequest, usualPhoto } from './photos.ts'
import { clientProcessor, pinned, serviceProcessor } from './processors.ts'

/** All clients of this load come from one address, whose share is not what is measured. */
const environment = { MAX_CLIENT_IMAGES: '0' }
const seconds = Number(process.env['BURST_SECONDS'] ?? 30)
const capacitySeconds = Number(process.env['CAPACITY_SECONDS'] ?? 10)
/** More than the service has in flight at a time, and fewer than its queue takes. */
const capacityClients = 64
const excess = 10
const metricsIntervalMs = 250
/** A load at which nothing waits. */
const calm = { clients: 2, pauseMs: 20 } as const

export interface Burst {
  /** Responses per second in a closed loop. */
  readonly capacity: number
  /** Requests of the burst and how they ended; 10 times the capacity, as far as the generator came. */
  readonly outcomes: readonly Outcome[]
  readonly seconds: number
  readonly mostInFlight: number
  readonly calmBefore: readonly Outcome[]
  /** Requests from 5 s (or RECOVERY_SECONDS) after the last request of the burst. */
  readonly calmAfter: readonly Outcome[]
}

export async function measureBurst (t: TestContext, recoverySeconds: number): Promise<Burst> {
  pinned(process.pid, clientProcessor)
  const server = await ServerProcess.start(environment, { entry: deployed, launcher: ['taskset', '--cpu-list', serviceProcessor] })
  t.after(() => server.stop())
  server.forgetLog()
  const target: Load = { port: server.port, wires: [photoRequest(await usualPhoto())], niceness: 0 }

  await runLoad({ ...target, clients: capacityClients, seconds: 3 }) // warm
  const calmBefore = await runLoad({ ...target, ...calm, seconds: 5 })
  const closed = await runLoad({ ...target, clients: capacityClients, seconds: capacitySeconds })
  const capacity = closed.filter(({ status }) => status === 200).length / capacitySeconds

  const load = await startLoad({ ...target, perSecond: capacity * excess, seconds })
  let mostInFlight = 0
  for (const end = now() + seconds * 1000; now() < end; await sleep(metricsIntervalMs)) {
    mostInFlight = Math.max(mostInFlight, await server.metric('ghostserve_images_in_work'))
  }
  await sleep(recoverySeconds * 1000)
  const calmAfter = await runLoad({ ...target, ...calm, seconds: 5 })
  const outcomes = await load.outcomes
  t.diagnostic(`capacity ${capacity.toFixed(0)}/s, asked ${(outcomes.length / seconds).toFixed(0)}/s`)
  return { capacity, outcomes, seconds, mostInFlight, calmBefore, calmAfter }
}
