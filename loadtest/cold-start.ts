/** From the spawn of the service to its first classified photo, as a client of a service that was scaled to zero sees it. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { LabError } from './lab-error.ts'
import type { Photo } from './photos.ts'
import { spawnService, type ServiceOptions } from './service.ts'
import { median } from '../api/cli/bench/median.ts'

export interface ColdStarts {
  readonly milliseconds: readonly number[]
  /** Median of each phase that the service reports, since the start of its process. */
  readonly phasesMs: Readonly<Record<string, number>>
}

interface Start {
  readonly milliseconds: number
  readonly phasesMs: ReadonlyMap<string, number>
}

const retryIntervalMs = 1
const giveUpMs = 60_000

/** Starts the service `times` times, one after the other. The first start, which may build, is not counted. */
export async function measureColdStarts (
  times: number, photo: Photo, options: ServiceOptions, log: (sentence: string) => void
): Promise<ColdStarts> {
  const starts: Start[] = []
  for (let i = 0; i <= times; i++) {
    const start = await measureOne(readFileSync(photo.path), options)
    if (i === 0) continue
    starts.push(start)
    log(`start ${i} of ${times}: ${start.milliseconds.toFixed(0)} ms`)
  }
  const phases = [...starts[0]?.phasesMs.keys() ?? []]
  return {
    milliseconds: starts.map(({ milliseconds }) => milliseconds),
    phasesMs: Object.fromEntries(phases.map((phase) => [phase, median(starts.map(({ phasesMs }) => phasesMs.get(phase) ?? NaN))])),
  }
}

async function measureOne (photo: Buffer, options: ServiceOptions): Promise<Start> {
  const service = await spawnService(options)
  const request = { method: 'POST', headers: { 'content-type': 'image/jpeg' }, body: new Uint8Array(photo) }
  try {
    while (true) {
      const answer = await fetch(`${service.url}/classify`, request).catch(() => undefined) // the port is not open yet
      const milliseconds = performance.now() - service.spawnedAt
      if (answer?.ok === true) {
        await answer.arrayBuffer()
        const exposition = await (await fetch(`${service.url}/metrics`)).text()
        return { milliseconds, phasesMs: readPhases(exposition) }
      }
      if (answer !== undefined || !service.isRunning() || milliseconds > giveUpMs) {
        throw new LabError('NO_SERVICE', `Expected a classified photo after the start, got ${answer?.status ?? 'no answer'}: ${service.readLog()}`)
      }
      await sleep(retryIntervalMs)
    }
  } finally {
    await service.stop()
  }
}

/** Milliseconds by phase. @param exposition - Body of `/metrics`. */
function readPhases (exposition: string): Map<string, number> {
  const samples = exposition.matchAll(/^ghostserve_startup_seconds\{phase="(\w+)"\} ([\d.e+-]+)$/gm)
  return new Map([...samples].map(([, phase = '', seconds]) => [phase, Number(seconds) * 1000]))
}
