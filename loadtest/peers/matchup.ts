/** Our service and one peer, taking turns: A B A B. */
import type { BodyForm } from '../bodies.ts'
import { LabError } from '../lab-error.ts'
import type { BodyFile } from '../plan.ts'
import { compareGuesses, isAgreed, type Agreement } from './agreement.ts'
import { ghostServe, type Contestant } from './contestants.ts'
import type { Pair } from './ratio.ts'
import { takeTurn, type Turn, type TurnOptions } from './turn.ts'

export interface Matchup {
  readonly peer: string
  readonly version: string
  readonly setting: string
  readonly body: BodyForm
  /** In the order of time. */
  readonly pairs: ReadonlyArray<Pair<Turn>>
  readonly agreement: Agreement
}

export interface MatchupOptions extends Omit<TurnOptions, 'bodies'> {
  readonly bodies: Readonly<Record<BodyForm, readonly BodyFile[]>>
  readonly rounds: number
  readonly ourVersion: string
  readonly say: (sentence: string) => void
}

/** @throws LabError `BAD_RESULT` if the peer says something else of the photos than we do: it would not do the same work. */
export async function playMatchup (peer: Contestant, { rounds, ourVersion, say, ...options }: MatchupOptions): Promise<Matchup> {
  const ours = ghostServe(peer.body, ourVersion)
  const turnOptions = { ...options, bodies: options.bodies[peer.body] }
  const pairs: Array<Pair<Turn>> = []
  let agreement: Agreement | undefined
  for (let round = 0; round < rounds; round++) {
    const our = await takeTurn(ours, turnOptions)
    const their = await takeTurn(peer, turnOptions)
    agreement ??= compareGuesses(our.guesses, their.guesses)
    if (!isAgreed(agreement)) {
      throw new LabError('BAD_RESULT',
        `Expected ${peer.name} to say the same of the photos as we do, ${JSON.stringify(our.guesses)}, got ${JSON.stringify(their.guesses)}.`)
    }
    pairs.push({ ours: our.turn, theirs: their.turn })
    say(`${peer.name} (${peer.body}), round ${round + 1} of ${rounds}: we ${describe(our.turn)}; it ${describe(their.turn)}`)
  }
  const { name, version, setting, body } = peer
  return { peer: name, version, setting, body, pairs, agreement: agreement! }
}

function describe ({ requestsPerSecond, p99Ms, cpuMsPerImage, failed }: Turn): string {
  const failures = failed > 0 ? `, ${failed} FAILED` : ''
  return `${requestsPerSecond.toFixed(1)}/s, p99 ${p99Ms.toFixed(0)} ms, ${cpuMsPerImage.toFixed(1)} ms CPU an image${failures}`
}
