/** CPU time and memory of a process over any stretch of a load, from samples taken all along. */
import { readUsage, type ProcessUsage } from './process-usage.ts'

interface Sample extends ProcessUsage {
  /** Epoch milliseconds. */
  readonly at: number
}

export interface StretchUsage {
  readonly cpuSeconds: number
  readonly peakRssBytes: number
}

const intervalMs = 200

export class UsageSampler {
  readonly #samples: Sample[] = []
  readonly #pid: number
  readonly #timer: NodeJS.Timeout

  constructor (pid: number) {
    this.#pid = pid
    this.#sample()
    this.#timer = setInterval(() => this.#sample(), intervalMs)
  }

  /** Usage between two times in epoch milliseconds. @returns undefined if the process cannot be read. */
  between (from: number, to: number): StretchUsage | undefined {
    this.#sample()
    const within = this.#samples.filter(({ at }) => at >= from - intervalMs && at <= to + intervalMs)
    if (within.length < 2) return undefined
    return {
      cpuSeconds: interpolate(within, to) - interpolate(within, from),
      peakRssBytes: Math.max(...within.map(({ rssBytes }) => rssBytes)),
    }
  }

  stop (): void {
    clearInterval(this.#timer)
  }

  #sample (): void {
    const usage = readUsage(this.#pid)
    if (usage !== undefined) this.#samples.push({ at: Date.now(), ...usage })
  }
}

/** CPU seconds used by a time that lies between two samples, or at the nearest end. */
function interpolate (samples: readonly Sample[], at: number): number {
  const after = samples.findIndex((sample) => sample.at >= at)
  const next = samples[after] ?? samples.at(-1)!
  const previous = samples[after - 1]
  if (previous === undefined || after === -1) return next.cpuSeconds
  return previous.cpuSeconds + (next.cpuSeconds - previous.cpuSeconds) * (at - previous.at) / (next.at - previous.at)
}
