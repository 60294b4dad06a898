/** Load on the service, from a process of its own and of lower priority: real clients bring processors of their own. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { Connection, now, type Outcome, type Target } from './connection.ts'

export interface Load extends Target {
  /** Requests as bytes, sent one after another. */
  readonly wires: readonly Buffer[]
  /** Clients of a closed loop, each of which waits for its response before it sends the next. */
  readonly clients?: number
  /** Pause of each client of a closed loop between a response and the next request, in ms. @defaultValue 0 */
  readonly pauseMs?: number
  /** Requests per second of an open loop: a Poisson process, independent of earlier responses. */
  readonly perSecond?: number
  /** Duration. @defaultValue until it is stopped */
  readonly seconds?: number
  /** Number of requests after which it ends. */
  readonly requests?: number
  /** Niceness of the process, from 0 to 19. @defaultValue 10 */
  readonly niceness?: number
}

export interface RunningLoad {
  /** Sends no new request; what is in flight ends. */
  stop (): void
  /** All requests, in the order of their ends. */
  readonly outcomes: Promise<Outcome[]>
}

export async function startLoad (load: Load): Promise<RunningLoad> {
  const child = fork(fileURLToPath(new URL('./load-process.js', import.meta.url)), { serialization: 'advanced' })
  child.send(load)
  await once(child, 'message') // it has begun
  const outcomes = once(child, 'message').then(([message]) => message as Outcome[])
  return { stop: () => { if (child.connected) child.send('stop') }, outcomes }
}

export async function runLoad (load: Load): Promise<Outcome[]> {
  return await (await startLoad(load)).outcomes
}

/** Wait in ms before a client whose connection was refused tries again. */
const reconnectMs = 5

/** Sends as `load` says until it is over or `stopped`; here, in this process. */
export async function sendLoad (load: Load, stopped: AbortSignal): Promise<Outcome[]> {
  const { seconds = Infinity, requests = Infinity, wires } = load
  const outcomes: Outcome[] = []
  const end = now() + seconds * 1000
  let sent = 0
  const next = (): Buffer | undefined =>
    stopped.aborted || now() >= end || sent >= requests ? undefined : wires[sent++ % wires.length]
  if (load.perSecond === undefined) await sendInTurn(load, next, outcomes)
  else await sendAtRandom(load, load.perSecond, next, outcomes)
  return outcomes
}

async function sendInTurn (load: Load, next: () => Buffer | undefined, outcomes: Outcome[]): Promise<void> {
  const { clients = 1, pauseMs = 0 } = load
  await Promise.all(Array.from({ length: clients }, async () => {
    let connection: Connection | undefined
    for (let wire = next(); wire !== undefined; wire = next()) {
      const openedAt = now()
      if (connection?.isOpen !== true) connection = await Connection.open(load)
      if (connection === undefined) {
        outcomes.push({ openedAt, sentAt: openedAt, endedAt: now(), status: 0, code: 'refused' })
        await sleep(reconnectMs)
        continue
      }
      outcomes.push(await connection.send(wire))
      if (pauseMs > 0) await sleep(pauseMs)
    }
    connection?.close()
  }))
}

async function sendAtRandom (load: Load, perSecond: number, next: () => Buffer | undefined, outcomes: Outcome[]): Promise<void> {
  const free: Connection[] = []
  const running = new Set<Promise<void>>()
  const sendOne = async (wire: Buffer): Promise<void> => {
    const startedAt = now()
    let connection = free.pop()
    while (connection !== undefined && !connection.isOpen) connection = free.pop()
    connection ??= await Connection.open(load)
    if (connection === undefined) {
      outcomes.push({ openedAt: startedAt, sentAt: startedAt, endedAt: now(), status: 0, code: 'refused' })
      return
    }
    outcomes.push(await connection.send(wire))
    if (connection.isOpen) free.push(connection)
  }
  for (let dueAt = now(); ; dueAt -= Math.log(1 - Math.random()) * 1000 / perSecond) {
    const aheadMs = dueAt - now()
    await (aheadMs > 0 ? sleep(aheadMs) : nextTurn()) // responses have their turn also when the sender is late
    const wire = next()
    if (wire === undefined) break
    const sending = sendOne(wire).finally(() => running.delete(sending))
    running.add(sending)
  }
  await Promise.all(running)
  for (const connection of free) connection.close()
}
