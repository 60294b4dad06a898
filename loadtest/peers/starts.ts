/** Start to first response, with the bundled model and a warm file cache, all servers in turn. */
import type { BodyForm } from '../bodies.ts'
import { LabError } from '../lab-error.ts'
import type { BodyFile } from '../plan.ts'
import type { Target } from './contestants.ts'
import { spreadOf, type Spread } from './ratio.ts'
import { withServer } from './turn.ts'

export interface Start {
  readonly name: string
  readonly startMs: Spread
}

export async function measureStarts (
  targets: readonly Target[],
  model: string,
  bodies: Readonly<Record<BodyForm, readonly BodyFile[]>>,
  workers: number,
  rounds: number
): Promise<Start[]> {
  const times = new Map<Target, number[]>(targets.map((target) => [target, []]))
  for (let round = -1; round < rounds; round++) { // the first fills the file cache
    for (const [target, startMs] of times) {
      try {
        const time = await withServer(target, { model, workers, bodies: bodies[target.body] }, async ({ startMs }) => startMs)
        if (round >= 0) startMs.push(time)
      } catch (error) {
        if (!(error instanceof LabError)) throw error // a peer that does not run here is a gap of the load already
      }
    }
  }
  return [...times].filter(([, startMs]) => startMs.length > 0).map(([{ name }, startMs]) => ({ name, startMs: spreadOf(startMs) }))
}
