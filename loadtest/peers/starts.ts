/** Start to first answer, with the bundled model and a warm file cache, all servers in turn. */
import type { BodyForm } from '../bodies.ts'
import { LabError } from '../lab-error.ts'
import type { BodyFile } from '../plan.ts'
import type { Contestant } from './contestants.ts'
import { spreadOf, type Spread } from './ratio.ts'
import { withServer } from './turn.ts'

export interface Start {
  readonly name: string
  readonly startMs: Spread
}

export async function measureStarts (
  contestants: readonly Contestant[],
  model: string,
  bodies: Readonly<Record<BodyForm, readonly BodyFile[]>>,
  workers: number,
  rounds: number
): Promise<Start[]> {
  const times = new Map<Contestant, number[]>(contestants.map((contestant) => [contestant, []]))
  for (let round = -1; round < rounds; round++) { // the first fills the file cache
    for (const [contestant, startMs] of times) {
      try {
        const time = await withServer(contestant, { model, workers, bodies: bodies[contestant.body] }, async ({ startMs }) => startMs)
        if (round >= 0) startMs.push(time)
      } catch (error) {
        if (!(error instanceof LabError)) throw error // a peer that does not run here is told of where it was to be loaded
      }
    }
  }
  return [...times].filter(([, startMs]) => startMs.length > 0).map(([{ name }, startMs]) => ({ name, startMs: spreadOf(startMs) }))
}
